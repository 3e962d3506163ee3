// `vared-train explain`: one video, and what a network does with it.

import Foundation
import VARedData
import VARedNN
import VARedTraining

/// Runs a checkpoint on the centre clip of one video.
public struct Explanation: Sendable {
  /// Checkpoint to run.
  public var checkpoint: String
  /// Video, or folder of numbered pictures.
  public var clip: String
  /// SVG file to write.
  public var output: String
  /// Compute threads.
  public var resources: Resources

  /// Passes that are timed; their median counts.
  static let passes = 5

  /// What to explain.
  public init(checkpoint: String, clip: String, output: String, resources: Resources) {
    self.checkpoint = checkpoint
    self.clip = clip
    self.output = output
    self.resources = resources
  }

  /// Writes the picture; whole or not at all.
  ///
  /// - Returns: the same as a table for a person.
  /// - Throws: `ConfigurationError`, `FileError`, or `DatasetError` about the video.
  public func run() throws -> String {
    try Launch.requireOneProcess(for: "explain")
    try resources.validate()
    try OutputFiles.requireWritable(output, beside: Checkpoint.files(checkpoint) + [clip])
    let threads = resources.resolved().threads
    let trained = try TrainedNetwork(checkpoint, batch: 1, threads: threads)
    let configuration = trained.header.configuration
    let batch = try read(configuration, classes: trained.header.classes)
    trained.network.policies = trained.policies(clips: [0])
    let seen = try Self.look(trained.network, batch)
    let explained = ExplainedClip(
      name: clip, classes: trained.header.classes, isMultiLabel: trained.header.isMultiLabel,
      network: trained.network, inference: seen.inference, frames: seen.frames,
      milliseconds: 1e3 * (try Self.seconds(trained.network, batch)),
      fixedMilliseconds: try 1e3
        * Self.seconds(fixed(configuration, trained.header.classes.count, threads), batch))
    let pictures = batch.pictures(clip: 0, ClipGeometry(configuration))
    try AtomicFile.writeOutput(
      output,
      text: try ExplanationPicture(explained, pictures: pictures, size: configuration.size).svg)
    return explained.table + "picture: \(output)\n"
  }

  private func read(
    _ configuration: TrainingConfiguration, classes: [String]
  ) throws -> ClipBatch {
    let dataset = try Dataset.video(clip, classes: classes)
    let loader = dataset.centreClips(
      [0], of: .val, geometry: ClipGeometry(configuration), batch: 1, threads: 1)
    defer { loader.stop() }
    guard let batch = try loader.next(), batch.count == 1, batch.bad.isEmpty else {
      throw DatasetError(path: clip, expected: "a video that decodes", found: "none")
    }
    for note in batch.notes { Terminal.warn("warning: \(note.path): \(note.text)") }
    return batch
  }

  /// What the network found, and how many frames each of its convolutions puts out.
  private static func look(
    _ network: VideoNetwork, _ batch: ClipBatch
  ) throws -> (inference: Inference, frames: [String: Int]) {
    var frames: [String: Int] = [:]
    network.observeFeatures = { frames[$0.name] = $0.shape.frames }
    defer { network.observeFeatures = nil }
    return (try network.infer(Clips(batch.clips, of: network.configuration.clip)), frames)
  }

  /// The same network without gates; what its parameters are does not change how long it takes.
  private func fixed(
    _ configuration: TrainingConfiguration, _ classes: Int, _ threads: Int
  ) throws -> VideoNetwork {
    var configuration = configuration
    configuration.network = .fixed
    return try VideoNetwork(
      configuration.networkConfiguration(classes: classes), batch: 1, seed: 0, threads: threads)
  }

  /// The median over some passes, after one that warms up.
  private static func seconds(_ network: VideoNetwork, _ batch: ClipBatch) throws -> Double {
    let clips = Clips(batch.clips, of: network.configuration.clip)
    var times: [Double] = []
    for _ in 0...passes {
      let start = ContinuousClock.now
      _ = try network.infer(clips)
      times.append(start.duration(to: .now) / .seconds(1))
    }
    return times.dropFirst().sorted()[passes / 2]
  }
}
