// Animated thumbnails of clips, as the network saw them.

import Foundation
import VARedData
import VARedTraining

/// Thumbnails of some clips of a run's evaluation.
struct ClipPictures {
  /// The data URI of each clip, by its place in the split.
  private(set) var uris: [Int: String] = [:]
  /// Why some or all are missing; nil: they are there.
  private(set) var problem: String?

  /// Pixels of a side at most.
  static let mostPixels = 96
  /// Pictures of an animation at most.
  static let mostFrames = 8
  /// Bytes of all data URIs of a report at most.
  static let mostBytes = 5 << 20

  /// No pictures.
  init() {}

  /// Reads and encodes the clips.
  ///
  /// - Parameters:
  ///   - clips: of `run`; those whose names the data does not have at their places are left out.
  ///   - run: whose evaluation says where the data is.
  ///   - bytes: of all data URIs together, at most.
  init(of clips: [ClipTable.Row], run: ReportedRun, bytes: Int) {
    do {
      let evaluation = run.evaluation
      let split = Split(rawValue: evaluation.split) ?? .val
      let dataset = try Dataset.open(evaluation.data, videos: evaluation.videos)
      let known = clips.filter {
        $0.index < dataset.count(split) && dataset.name(split, $0.index) == $0.path
      }
      if known.count < clips.count {
        problem = "\(evaluation.data) is not what was evaluated: some clips have no picture"
      }
      try read(
        Array(Set(known.map(\.index))).sorted(), of: dataset, split,
        Self.geometry(run.configuration), bytes: bytes)
    } catch {
      problem = "clips have no pictures: \(error)"
    }
  }

  /// The frames of the network's clips, at most `mostFrames` of them.
  static func geometry(_ configuration: TrainingConfiguration) -> ClipGeometry {
    let skip = max(1, (configuration.frames + mostFrames - 1) / mostFrames)
    return ClipGeometry(
      frames: min(mostFrames, (configuration.frames + skip - 1) / skip),
      frameStride: configuration.frameStride * skip, size: min(mostPixels, configuration.size))
  }

  private mutating func read(
    _ indices: [Int], of dataset: Dataset, _ split: Split, _ geometry: ClipGeometry, bytes: Int
  ) throws {
    let threads = max(1, min(4, ProcessInfo.processInfo.activeProcessorCount))
    let loader = dataset.centreClips(
      indices, of: split, geometry: geometry, batch: 1, threads: threads)
    defer { loader.stop() }
    var left = bytes
    while let batch = try loader.next() {
      guard batch.count == 1, batch.bad.isEmpty else { continue }
      let animation = try EncodedAnimation(
        batch.pictures(clip: 0, geometry), width: geometry.size, height: geometry.size,
        framesPerSecond: 6)
      let uri =
        "data:\(animation.mediaType);base64,"
        + Data(animation.bytes).base64EncodedString()
      left -= uri.utf8.count
      guard left >= 0 else {
        problem = "some clips have no picture: the page would grow too large"
        return
      }
      uris[batch.indices[0]] = uri
    }
  }
}
