// Policies that do not come from gates that learn: forced, drawn, frozen.

import Testing

@testable import VARedNN

@Suite struct PolicySourceTests {
  private static let (batch, classes) = (4, 3)

  private func network() throws -> VideoNetwork {
    var configuration = NetworkConfiguration(classes: Self.classes, frames: 8, size: 32)
    configuration.width = 0.25
    var dynamic = DynamicConfiguration()
    dynamic.temporalCandidates = 3
    configuration.dynamic = dynamic
    return try VideoNetwork(configuration, batch: Self.batch, seed: 3, threads: 1)
  }

  private let clips: [Float] = {
    var random = RandomStream(seed: 7, name: "clips")
    return (0..<4 * 3 * 8 * 32 * 32).map { _ in Float(random.normal()) }
  }()

  private let draws: [UInt64?] = [5, nil, 6, 7]

  @Test func aClipDrawsTheSameWhereverItStands() throws {
    let network = try network()
    network.policies = .drawn(CandidateDraws(keys: draws))
    let together = try network.infer(clips)
    network.policies = .drawn(CandidateDraws(keys: [7]))
    let alone = try network.infer(Array(clips.suffix(3 * 8 * 32 * 32)))
    #expect(alone.convRatio[0] == together.convRatio[3])
    #expect(alone.executedMACs[0] == together.executedMACs[3])
    #expect(together.convRatio[1] == 1)
    #expect(Set(together.convRatio).count == 4)
    #expect(Set(together.temporal.map { $0.prefix(3) }).count > 1, "layers draw alike")
  }

  @Test(arguments: [0.3, 0.5, 0.9]) func tiltGivesTheMeanRatio(_ ratio: Double) throws {
    let network = try network()
    let tilt = try #require(network.tilt(forMeanRatio: ratio))
    var (sum, count) = (0.0, 0.0)
    for round in 0..<25 {
      let keys = (0..<4).map { UInt64?(UInt64(round * 4 + $0)) }
      network.policies = .drawn(CandidateDraws(keys: keys, tilt: tilt))
      sum += try network.infer(clips).convRatio.reduce(0, +)
      count += 4
    }
    #expect(abs(sum / count - ratio) < 0.03)
  }

  @Test func noTiltReachesWhatCandidatesCannotDo() throws {
    let network = try network()
    #expect(network.tilt(forMeanRatio: 1.01) == nil)
    #expect(network.tilt(forMeanRatio: 0.01) == nil)
  }

  /// oneDNN computes what it has no kernel for with code that takes a hundred times as long.
  @Test(arguments: 0..<3, 0..<2)
  func noPartFallsBackToReferenceCode(temporal: Int, channel: Int) throws {
    let network = try network()
    network.policies = .fixed(temporal: temporal, channel: channel)
    network.startProfile()
    _ = try network.trainingStep(clips, targets: .classes([0, 1, 2, 0]), costWeight: 0) { _ in }
    let layers = network.profile.layers
    #expect(layers.count > 30)
    for layer in layers {
      for direction in layer.directions {
        #expect(
          !direction.implementation.contains("ref"),
          "\(layer.name) \(layer.shape): \(direction.kind), \(direction.implementation)")
      }
    }
  }

  /// Nothing is learned through gates that did not decide, or that are frozen.
  @Test(arguments: [
    PolicySource.full, .fixed(temporal: 1, channel: 1), .frozenGates,
    .drawn(CandidateDraws(keys: [1, 2, nil, 4])),
  ])
  func gatesLearnNothing(_ source: PolicySource) throws {
    let network = try network()
    network.policies = source
    let parameters = network.parameters
    let before = parameters.buffers.map { parameters.bufferLogical($0) }
    parameters.gradients.update(repeating: 1)
    _ = try network.trainingStep(clips, targets: .classes([0, 1, 2, 0]), costWeight: 1) { _ in }
    for entry in parameters.entries {
      let gradient = parameters.logical(entry, of: parameters.gradients)
      if entry.isGate { #expect(gradient.allSatisfy { $0 == 0 }, "\(entry.name)") }
      if entry.name == "fc.weight" { #expect(gradient.contains { $0 != 0 }) }
    }
    for (buffer, old) in zip(parameters.buffers, before) {
      let isGate = buffer.name.contains(".gate.")
      #expect((parameters.bufferLogical(buffer) == old) == isGate, "\(buffer.name)")
    }
  }

  @Test func frozenGatesDecideAsInInference() throws {
    let network = try network()
    for entry in network.parameters.entries where entry.name.contains("gate.fc2") {
      let count = entry.shape.reduce(1, *)
      var random = RandomStream(seed: 9, name: entry.name)
      network.parameters.setLogical(
        entry, in: network.parameters.values, (0..<count).map { _ in Float(random.normal()) })
    }
    network.policies = .frozenGates
    let inferred = try network.infer(clips)
    network.policies = .gates
    let asked = try network.infer(clips)
    #expect(inferred.temporal == asked.temporal && inferred.channel == asked.channel)
    #expect(Set(inferred.convRatio).count > 1)
  }
}
