// The project's readers of what comes from outside, each fed bytes that nobody checked.

import Foundation
import VARedData
import VARedHDF5
import VARedNN
import VARedStudies
import VARedTraining

/// One reader, with a folder of its own for the files that it is given. What is no error of one
/// line (a trap, a memory error, a hang) ends the process.
public final class FuzzReader {
  /// Which reader.
  public enum Kind: String, CaseIterable, Sendable {
    /// Lists, tables and JSON annotations of videos, several files at once.
    case annotations
    /// The manifest and the index of a prepared set.
    case prepared
    /// A shard of a prepared set.
    case shard
    /// A file of settings.
    case yaml
    /// `metrics.jsonl` of a run that goes on.
    case metrics
    /// The folder of a run, by `report`.
    case report
    /// An HDF5 file of clips.
    case clips
    /// A checkpoint, as it is.
    case checkpoint
    /// A checkpoint whose seal fits.
    case sealed
    /// Weights for `--initialize`.
    case weights
    /// What candidates take in seconds, for `--cost-table`.
    case seconds
    /// A video.
    case video
  }

  /// Where the seeds lie in the sources, in a folder for each kind.
  public static let seeds = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fuzz/Seeds").path

  private let kind: Kind
  let folder: FuzzFolder

  /// - Throws: an error where there is no room for the folder.
  public init(_ kind: Kind) throws {
    self.kind = kind
    folder = try FuzzFolder()
  }

  /// Has the reader read `bytes`.
  ///
  /// - Returns: nil: it took them; else why not, which is as good.
  public func refusal(of bytes: UnsafeBufferPointer<UInt8>) -> String? {
    do {
      switch kind {
      case .annotations: try readAnnotations(bytes)
      case .prepared: try readPrepared(bytes)
      case .shard: try readShard(bytes)
      case .yaml: try readYAML(bytes)
      case .metrics: try readMetrics(bytes)
      case .report: try readRun(bytes)
      case .clips: try readClips(folder.write(bytes, to: "clips.h5"))
      case .checkpoint: _ = try Checkpoint.read(folder.write(bytes, to: "checkpoint.h5"))
      case .sealed: try readSealed(bytes)
      case .weights: try readWeights(bytes)
      case .seconds: try readSeconds(bytes)
      case .video: try readClip(ofVideo: folder.write(bytes, to: "clip.mp4"))
      }
      return nil
    } catch {
      precondition(!"\(error)".isEmpty, "an error without words")
      return "\(error)"
    }
  }

  private func readAnnotations(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    try folder.clear()
    for file in ["a.mp4", "b.mp4", "c d.avi", "sub/e.mp4", "a/1.jpg", "b/1.jpg"] {
      try folder.write([], to: file)
    }
    let files = try folder.writeSections(of: bytes, known: FuzzFolder.annotationNames)
    let set = try? Dataset.open(folder.path)
    let dataset = try Dataset.open(files[0])
    for set in [dataset, set ?? dataset] {
      for split in [Split.train, .val] {
        for clip in 0..<set.count(split) {
          precondition(set.labels(split, clip).allSatisfy { set.classes.indices.contains($0) })
        }
      }
    }
  }

  private func readPrepared(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    try folder.clear()
    try folder.writeSections(of: bytes, known: ["manifest.json", "index.csv", "bad-clips.csv"])
    try folder.write([], to: "shard-00000.h5")
    _ = try Dataset.open(folder.path)
  }

  private func readYAML(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    var configuration = TrainingConfiguration()
    try configuration.read(yamlFile: folder.write(bytes, to: "settings.yaml"))
    try configuration.validate()
    // What was read is written, and reads back.
    var again = TrainingConfiguration()
    try again.read(yaml: configuration.yaml, named: "what was written")
    precondition(again == configuration, "\(configuration.yaml)")
  }

  /// Into the network that the seed is of.
  private func readSeconds(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    let table = try CandidateTable.read(folder.write(bytes, to: "candidate-seconds.json"))
    var settings = TrainingConfiguration()
    (settings.width, settings.frames, settings.size) = (0.25, 8, 32)
    let network = try VideoNetwork(
      settings.networkConfiguration(classes: 2, seconds: table), batch: 1, seed: 1, threads: 1)
    let least = network.leastRatio(askingGates: true)
    precondition(least > 0 && least.isFinite, "a network of no cost")
    precondition(network.tilt(forMeanRatio: 0.9)?.isFinite != false, "a tilt that is no number")
  }

  private func readMetrics(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    try folder.clear()
    let path = try folder.write(bytes, to: "metrics.jsonl")
    let lines = try MetricsFile(path, resumedAt: 3).lines
    let again = try MetricsFile(path, resumedAt: 3).lines
    precondition(lines == again, "lines are lost when a run goes on twice")
  }

  private func readRun(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    try folder.clear()
    try folder.writeSections(of: bytes, known: FuzzFolder.runNames)
    _ = try RunReport(runs: [folder.path], output: folder.path + "/report.html").run()
  }

  private func readSealed(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    let block = FileSeal.blockBytes
    guard bytes.count > block else { throw FuzzError.tooShort }
    var digest = FileSeal.Digest()
    digest.add(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[block...]))
    let sealed = FileSeal.text(digest) + bytes[block...]
    let path = try folder.write(sealed, to: "checkpoint.h5")
    let checkpoint = try Checkpoint.read(path)
    try checkpoint.requireFinite()
  }

  private func readWeights(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    guard let network else { preconditionFailure("no network for weights") }
    _ = try InitialWeights.load(
      folder.write(bytes, to: "weights.h5"), into: network.parameters)
  }

  /// What weights are for.
  private lazy var network: VideoNetwork? = {
    var configuration = NetworkConfiguration(classes: 2, frames: 2, size: 16)
    configuration.width = 1.0 / 16
    return try? VideoNetwork(configuration, batch: 1, seed: 1, threads: 1)
  }()
}

/// Why bytes were not handed to a reader.
enum FuzzError: Error { case tooShort }
