// A network made and filled from a checkpoint.

import VARedNN

/// A checkpoint's network, ready for inference.
package struct TrainedNetwork {
  package let network: VideoNetwork
  package let header: CheckpointHeader
  private let plan: PolicyPlan

  /// Reads a checkpoint and builds its network for up to `batch` clips.
  ///
  /// - Throws: `FileError` if it cannot be read or does not hold the network it describes;
  ///   `ConfigurationError` for a target of its settings that the network cannot reach.
  package init(_ path: String, batch: Int, threads: Int) throws {
    let checkpoint = try Checkpoint.find(path)
    try checkpoint.requireFinite()
    header = checkpoint.header
    let configuration = header.configuration
    do {
      network = try VideoNetwork(
        configuration.networkConfiguration(
          classes: header.classes.count, seconds: header.seconds),
        batch: batch, seed: 0, threads: threads)
    } catch let error as NetworkError {
      throw FileError(path: path, "describes a network that cannot be built: \(error)")
    }
    try checkpoint.restore(into: network.parameters, configuration: configuration)
    plan = try PolicyPlan(configuration, network)
  }

  /// Where the policies of clips come from, by their index in what is read.
  package func policies(clips: [Int]) -> PolicySource {
    plan.evaluation(header.stage, clips: clips)
  }
}
