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
        Array(Set(known.map(\.index))).sorted(),
        ClipAnimations(of: dataset, split, run.configuration), bytes: bytes)
    } catch {
      problem = "clips have no pictures: \(error)"
    }
  }

  private mutating func read(
    _ indices: [Int], _ animations: ClipAnimations, bytes: Int
  ) throws {
    var left = bytes
    var shown = PassProgress("pictures", total: indices.count)
    defer { shown.end() }
    try animations.forEach(indices) { index, animation in
      let uri =
        "data:\(animation.mediaType);base64,"
        + Data(animation.bytes).base64EncodedString()
      left -= uri.utf8.count
      guard left >= 0 else {
        problem = "some clips have no picture: the page would grow too large"
        return false
      }
      uris[index] = uri
      shown.show(done: uris.count)
      return true
    }
  }
}
