// Networks as a user builds them: sizes, counts, names, errors.

import TestSupport
import Testing

@testable import VARedNN

@Suite struct NetworkTests {
  /// METHOD §5: counted with PyTorch's own counter. Memory is only reserved, so the size is
  /// harmless.
  @Test(arguments: [(8, 112, 20.26), (16, 112, 40.52)])
  func fullSizeCounts(_ frames: Int, _ size: Int, _ gmacs: Double) throws {
    let network = try VideoNetwork(
      NetworkConfiguration(classes: 400, frames: frames, size: size), batch: 1, seed: 1, threads: 1)
    let count = network.parameters.entries.reduce(0) { $0 + $1.shape.reduce(1, *) }
    #expect(count == 31_505_325)
    #expect((Double(network.fullMACs) / 1e7).rounded() / 100 == gmacs)
  }

  @Test func logicalLayoutsRoundTrip() throws {
    var configuration = NetworkConfiguration(classes: 3, frames: 4, size: 16)
    configuration.width = 0.3
    configuration.dynamic = DynamicConfiguration()
    let network = try VideoNetwork(configuration, batch: 1, seed: 1, threads: 1)
    let parameters = network.parameters
    for entry in parameters.entries {
      let values = normals(entry.shape.reduce(1, *), entry.name)
      parameters.setLogical(entry, in: parameters.values, values)
      #expect(parameters.logical(entry, of: parameters.values) == values, "\(entry.name)")
    }
    let offsets = parameters.entries.map(\.offset)
    #expect(offsets == offsets.sorted() && Set(offsets).count == offsets.count)
    #expect(Set(parameters.entries.map(\.name)).count == parameters.entries.count)
  }

  @Test func sameSeedSameNetwork() throws {
    func values(_ seed: UInt64) throws -> [Float] {
      let network = try VideoNetwork(
        NetworkConfiguration(classes: 3, frames: 2, size: 16), batch: 1, seed: seed, threads: 1)
      return Array(network.parameters.values)
    }
    #expect(try values(5) == values(5))
    #expect(try values(5) != values(6))
  }

  @Test func smallBatchesAndThreadsGiveTheSameLogits() throws {
    var configuration = NetworkConfiguration(classes: 3, frames: 4, size: 32)
    configuration.width = 0.25
    configuration.dynamic = DynamicConfiguration()
    let clips = normals(3 * 3 * 4 * 32 * 32, "clips")
    let one = try VideoNetwork(configuration, batch: 3, seed: 2, threads: 1)
    let two = try VideoNetwork(configuration, batch: 1, seed: 2, threads: 2)
    let together = try one.infer(clips).logits
    let clipFloats = clips.count / 3
    var apart: [Float] = []
    for i in 0..<3 {
      let clip = Array(clips[i * clipFloats..<(i + 1) * clipFloats])
      apart += try two.infer(clip).logits
    }
    expectClose(apart, together, rtol: 1e-5, "logits")
  }

  /// Batch norm of one clip has no variance: a clear error, not a network that learns nothing.
  @Test func oneClipIsNotEnoughForTheGates() throws {
    var configuration = NetworkConfiguration(classes: 3, frames: 4, size: 64)
    configuration.width = 0.1
    let fixed = try VideoNetwork(configuration, batch: 1, seed: 1, threads: 1)
    try fixed.requireTrainable(clipsPerStatistic: 1)
    configuration.dynamic = DynamicConfiguration()
    let dynamic = try VideoNetwork(configuration, batch: 1, seed: 1, threads: 1)
    try dynamic.requireTrainable(clipsPerStatistic: 2)
    #expect(throws: NetworkError.self) { try dynamic.requireTrainable(clipsPerStatistic: 1) }
  }

  /// A ReLU that swallowed it would hide that training diverged.
  @Test func notANumberReachesTheLoss() throws {
    var configuration = NetworkConfiguration(classes: 3, frames: 2, size: 32)
    configuration.width = 0.1
    let network = try VideoNetwork(configuration, batch: 2, seed: 1, threads: 1)
    var clips = normals(2 * 3 * 2 * 32 * 32, "clips")
    clips[5] = .nan
    let outcome = try network.trainingStep(clips, targets: .classes([0, 1]), costWeight: 0) { _ in }
    #expect(outcome.loss.isNaN)
  }

  /// Forward says which part it comes to, backward what is final, in opposite orders.
  @Test(arguments: Architecture.allCases) func aStepSaysWhereItIs(_ model: Architecture) throws {
    var configuration = NetworkConfiguration(classes: 3, frames: 2, size: 32)
    configuration.architecture = model
    configuration.width = 0.1
    let network = try VideoNetwork(configuration, batch: 2, seed: 1, threads: 1)
    var (begun, final) = ([Int](), [Int]())
    try normals(2 * 3 * 2 * 32 * 32, "clips").withUnsafeBufferPointer {
      _ = try network.trainingStep(
        Clips($0, of: configuration.clip), targets: .classes([0, 1]), costWeight: 0,
        forwardReaches: { begun.append($0) }, gradientsReady: { final.append($0) })
    }
    #expect(begun.first == 0 && zip(begun, begun.dropFirst()).allSatisfy(<), "\(begun)")
    #expect(begun.count > 8 && Set(begun).isSubset(of: Set(final)), "\(begun) \(final)")
    #expect(final.last == 0 && zip(final, final.dropFirst()).allSatisfy(>=), "\(final)")
    let names = network.parameters.entries.map(\.offset)
    #expect(begun.allSatisfy(names.contains))
  }

  @Test(arguments: [
    ("width", 0.0, 112, 8), ("size", 1.0, 8, 8), ("frames", 1.0, 112, 0),
  ])
  func impossibleConfigurations(_ key: String, width: Double, size: Int, frames: Int) {
    var configuration = NetworkConfiguration(classes: 3, frames: frames, size: size)
    configuration.width = width
    let error = #expect(throws: NetworkError.self) {
      _ = try VideoNetwork(configuration, batch: 1, seed: 1, threads: 1)
    }
    #expect(error?.description.hasPrefix("\(key): expected") == true)
  }

  @Test func candidatesThatDoNotDifferCollapse() {
    let space = PolicySpace(temporalCandidates: 3, channelCandidates: 3, frames: 2, channels: 40)
    #expect(space.temporalStrides == [1, 2])
    #expect(space.channelCounts == [40, 32, 16])
    let small = PolicySpace(temporalCandidates: 3, channelCandidates: 3, frames: 1, channels: 16)
    #expect(small.temporalStrides == [1])
    #expect(small.channelCounts == [16])
  }
}
