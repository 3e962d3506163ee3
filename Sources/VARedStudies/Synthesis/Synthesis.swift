// `vared-train synthesize`: a small labelled set of real video files.

import Foundation
import VARedData
import VARedTraining

/// What `synthesize` writes.
public struct Synthesis: Sendable {
  /// Folder to write into.
  public var output: String
  /// Names of the shapes, separated by commas.
  public var shapes: String
  /// Training clips of each class.
  public var train: Int
  /// Validation clips of each class.
  public var val: Int
  /// Frames of each video.
  public var frames: Int
  /// Width and height of each video, in pixels.
  public var size: Int
  /// Camera noise, as a multiple of the usual deviation of 1 to 4 of 255 grey levels.
  public var noise: Double
  /// Where above `noise`: the noisiest clips' multiple; each clip's is drawn from between.
  public var noiseTo: Double
  /// Where all randomness comes from.
  public var seed: Int

  /// Settings of a set.
  public init(
    output: String, shapes: String, train: Int, val: Int, frames: Int, size: Int, noise: Double,
    noiseTo: Double, seed: Int
  ) {
    self.output = output
    self.shapes = shapes
    self.train = train
    self.val = val
    self.frames = frames
    self.size = size
    self.noise = noise
    self.noiseTo = noiseTo
    self.seed = seed
  }

  /// Writes the videos and `labels.csv`.
  ///
  /// - Returns: one line that says what was written where.
  /// - Throws: `ConfigurationError`, `DatasetError`.
  public func run() throws -> String {
    try Launch.requireOneProcess(for: "synthesize")
    for (key, value, range) in [
      ("train", train, 0...1_000_000), ("val", val, 0...1_000_000), ("frames", frames, 1...100_000),
    ] where !range.contains(value) {
      throw ConfigurationError(
        key: key, "expected \(range.lowerBound) to \(range.upperBound), found \(value)")
    }
    guard (0...100).contains(noise) else {
      throw ConfigurationError(key: "noise", "expected 0 to 100, found \(noise)")
    }
    guard noiseTo == 0 || (noise > 0 && noise...100 ~= noiseTo) else {
      throw ConfigurationError(
        key: "noise-to", "expected 0, or --noise (above 0) to 100, found \(noiseTo)")
    }
    guard seed >= 0 else {
      throw ConfigurationError(key: "seed", "expected a whole number, 0 or more, found \(seed)")
    }
    let shapes = MovingShapes(
      shapes: try namedShapes(), trainClipsPerClass: train, valClipsPerClass: val, frames: frames,
      size: size, noise: noise...max(noise, noiseTo), seed: UInt64(seed))
    let labels = try shapes.write(to: output)
    let classes = shapes.shapes.count * shapes.motions.count
    return "\(classes) classes, \(train * classes) training and \(val * classes) validation clips: "
      + labels
  }

  /// The shapes that `shapes` names, each once.
  private func namedShapes() throws -> [MovingShapes.Shape] {
    let all = MovingShapes.Shape.allCases.map(\.rawValue).joined(separator: ", ")
    var named: [MovingShapes.Shape] = []
    for name in shapes.split(separator: ",", omittingEmptySubsequences: false) {
      let name = name.trimmingCharacters(in: .whitespaces)
      guard let shape = MovingShapes.Shape(rawValue: name), !named.contains(shape) else {
        throw ConfigurationError(
          key: "shapes", "expected different names of \(all), found '\(name)' in '\(shapes)'")
      }
      named.append(shape)
    }
    return named
  }
}
