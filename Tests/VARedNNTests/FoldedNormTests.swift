// Inference with batch norm in the convolutions, against batch norm as a pass of its own.

import TestSupport
import Testing

@testable import VARedNN

@Suite struct FoldedNormTests {
  private let clips = normals(2 * 3 * 4 * 256, "clips")

  private func network(
    width: Double, seed: UInt64 = 3, isDynamic: Bool = false
  ) throws -> VideoNetwork {
    var configuration = NetworkConfiguration(classes: 3, frames: 4, size: 16)
    configuration.width = width
    if isDynamic { configuration.dynamic = DynamicConfiguration() }
    return try VideoNetwork(configuration, batch: 2, seed: seed, threads: 1)
  }

  private func randomiseStatistics(_ network: VideoNetwork, _ name: String) {
    for buffer in network.parameters.buffers {
      let values = normals(buffer.shape[0], buffer.name + name)
      let isVariance = buffer.name.hasSuffix("running_var")
      network.parameters.setBuffer(
        buffer, values.map { isVariance ? abs($0) + 0.2 : 0.1 * $0 })
    }
  }

  private func logits(_ network: VideoNetwork) throws -> [Float] {
    try network.infer(clips).logits
  }

  /// An observer of features, who sees what comes before batch norm, keeps the two apart in the
  /// blocks. (The stem is folded in both; GoldenNetworkTests holds it against PyTorch.)
  @Test(arguments: [0.25, 0.3])
  func foldedEqualsUnfolded(width: Double) throws {
    let network = try network(width: width)
    randomiseStatistics(network, "a")
    network.startCounting()
    let folded = try logits(network)
    let calls = network.engineCalls.arrived
    network.observeFeatures = { _ in }
    network.startCounting()
    expectClose(folded, try logits(network), rtol: 1e-4, "logits")
    // Each of the 8 blocks folds three batch norms, at least a call for each clip.
    #expect(network.engineCalls.arrived >= calls + 8 * 3 * 2)
  }

  /// A network that inferred before gives what one says that has only just been given the same
  /// values: of the weights with their norms, and in a dynamic network of the norms alone.
  @Test(arguments: [false, true]) func theCopyIsMadeAgainWhenAnythingChanges(isDynamic: Bool) throws
  {
    let network = try network(width: 0.25, isDynamic: isDynamic)
    var seen = [try logits(network)]
    func expectAsFresh(_ what: String) throws {
      let fresh = try self.network(width: 0.25, seed: 4, isDynamic: isDynamic)
      for (i, value) in network.parameters.values.enumerated() {
        fresh.parameters.values[i] = value
      }
      for (i, value) in network.parameters.bufferValues.enumerated() {
        fresh.parameters.bufferValues[i] = value
      }
      fresh.parameters.changed()
      let now = try logits(network)
      #expect(try now == logits(fresh), "\(what)")
      #expect(!seen.contains(now), "\(what)")
      seen.append(now)
    }
    randomiseStatistics(network, "a")
    try expectAsFresh("statistics that were set")
    _ = try network.trainingStep(clips, targets: .classes([0, 1]), costWeight: 0) { _ in }
    try expectAsFresh("statistics of a step")
    let entry = try #require(network.parameters.entries.first { $0.name == "stem.0.weight" })
    network.parameters.setLogical(
      entry, in: network.parameters.values, normals(entry.shape.reduce(1, *), "w"))
    try expectAsFresh("weights")
  }

  /// oneDNN's ReLU would make 0 of it.
  @Test func notANumberReachesTheLogits() throws {
    let network = try network(width: 0.25)
    var clips = clips
    clips[5] = .nan
    let logits = try network.infer(clips).logits
    #expect(logits[..<3].allSatisfy { $0.isNaN } && logits[3...].allSatisfy { $0.isFinite })
  }
}
