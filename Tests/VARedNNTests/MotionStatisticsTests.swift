// Motion energy as it is noted in a network, against what the finished activations say.

import TestSupport
import Testing

@testable import VARedNN

@Suite struct MotionStatisticsTests {
  /// Whether it is written with non-temporal stores.
  private static let sizes = [(10, false), (64, true)]

  /// What was noted in the last pass, and what the data says.
  private func expectTrue(_ x: FeatureMap, clips: Int, _ what: String) throws {
    let motion = try #require(x.motion)
    #expect(motion.isTaken)
    let count = clips * x.shape.meanCount
    let noted = Array(motion.energies.all[..<count])
    x.takeMotion(clips: clips)
    expectClose(noted, Array(motion.energies.all[..<count]), rtol: 1e-4, atol: 1e-5, what)
    #expect(noted.contains { $0 > 0.01 })
  }

  @Test(arguments: sizes, [1, 3]) func batchNormNotesIt(_ size: (Int, Bool), threads: Int) throws {
    let shape = ActivationShape(channels: 40, frames: 5, height: size.0, width: size.0)
    let clips = 3
    #expect(shape.isBeyondCaches(clips: clips) == size.1)
    let context = LayerContext(batch: clips)
    let norm = BatchNorm(
      shape, name: "bn", before: .relu, context: context)
    context.parameters.allocate(seed: 1)
    let x = FeatureMap(shape, batch: clips)
    x.set(normals(clips * shape.channels * shape.pixels, "x"), clips: clips)
    let y = FeatureMap(shape, batch: clips, motion: Scratch())
    y.motion?.isWanted = true
    Parallel.setThreads(threads)
    defer { Parallel.setThreads(1) }
    try norm.takeStatistics(of: x.data, clips: clips)
    norm.apply(x.data, clips: clips, into: y)
    try expectTrue(y, clips: clips, "\(size) \(threads)")
  }

  /// Of clips that are computed whole and of clips that are mixed.
  @Test(arguments: sizes, [1, 3]) func mixingNotesIt(_ size: (Int, Bool), threads: Int) throws {
    let clips = 4
    var dynamic = DynamicConfiguration()
    (dynamic.temporalCandidates, dynamic.motionEnergy) = (3, true)
    let context = NetworkContext(batch: clips, dynamic: dynamic, reducer: nil)
    let geometry = ConvolutionGeometry(
      input: ActivationShape(channels: 16, frames: 6, height: size.0, width: size.0),
      outChannels: 40, kernel: Extent(1, 3, 3), stride: Extent(1, 1, 1))
    #expect(geometry.output.isBeyondCaches(clips: clips) == size.1)
    let x = FeatureMap(geometry.input, batch: clips)
    let unit = ConvolutionUnit(
      .init(
        input: .map(x), channels: 40, kernel: geometry.kernel, name: "conv", normName: "bn",
        storage: Scratch()), context)
    context.parameters.allocate(seed: 1)
    guard case .dynamic(let layer) = unit.convolution else {
      preconditionFailure("a dynamic context builds dynamic layers")
    }
    layer.source = .drawn(CandidateDraws(keys: [nil, 1, 2, 3]))
    x.set(normals(clips * 16 * geometry.input.pixels, "x"), clips: clips)
    unit.output.motion?.isWanted = true
    Parallel.setThreads(threads)
    defer { Parallel.setThreads(1) }
    for training in [true, false] {
      try unit.forward(clips: clips, training: training)
      #expect(layer.mixes)
      try expectTrue(unit.output, clips: clips, "\(size) \(threads) \(training)")
    }
  }

  /// Policies that ask no gate between passes leave nothing behind.
  @Test func gatesSeeTheirOwnPass() throws {
    func network() throws -> VideoNetwork {
      var configuration = NetworkConfiguration(classes: 3, frames: 4, size: 32)
      configuration.width = 0.125
      var dynamic = DynamicConfiguration()
      (dynamic.temporalCandidates, dynamic.motionEnergy) = (3, true)
      configuration.dynamic = dynamic
      let network = try VideoNetwork(configuration, batch: 2, seed: 3, threads: 1)
      for entry in network.parameters.entries where entry.name.contains("gate.fc") {
        let drawn = normals(entry.shape.reduce(1, *), entry.name)
        network.parameters.setLogical(entry, in: network.parameters.values, drawn)
      }
      network.parameters.changed()
      return network
    }
    let clips = ["a", "b"].map { normals(2 * 3 * 4 * 1024, $0) }
    let used = try network()
    let first = try used.infer(clips[0])
    used.policies = .full
    _ = try used.infer(clips[1])
    used.policies = .gates
    used.observeFeatures = { _ in }
    let second = try used.infer(clips[1])
    let fresh = try network().infer(clips[1])
    expectClose(second.logits, fresh.logits, rtol: 1e-5, "logits")
    let weights = [first, second, fresh].map { $0.temporal.flatMap { $0 } }
    expectClose(weights[1], weights[2], rtol: 1e-5, "temporal weights")
    #expect(zip(weights[0], weights[1]).contains { abs($0 - $1) > 0.01 })
  }
}
