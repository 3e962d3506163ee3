// `vared-train synthesize`: a small labelled set of real video files.

import VARedData

/// What `synthesize` writes.
public struct Synthesis: Sendable {
  /// Folder to write into.
  public var output: String
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
  /// Where all randomness comes from.
  public var seed: Int

  /// Settings of a set.
  public init(
    output: String, train: Int, val: Int, frames: Int, size: Int, noise: Double, seed: Int
  ) {
    self.output = output
    self.train = train
    self.val = val
    self.frames = frames
    self.size = size
    self.noise = noise
    self.seed = seed
  }

  /// Writes the videos and `labels.csv`.
  ///
  /// - Returns: one line that says what was written where.
  /// - Throws: `ConfigurationError`, `DatasetError`.
  public func run() throws -> String {
    try Launch.requireOneProcess(for: "synthesize")
    guard (0...100).contains(noise) else {
      throw ConfigurationError(key: "noise", "expected 0 to 100, found \(noise)")
    }
    guard seed >= 0 else {
      throw ConfigurationError(key: "seed", "expected a whole number, 0 or more, found \(seed)")
    }
    let shapes = MovingShapes(
      trainClipsPerClass: train, valClipsPerClass: val, frames: frames, size: size, noise: noise,
      seed: UInt64(seed))
    let labels = try shapes.write(to: output)
    let classes = shapes.shapes.count * shapes.motions.count
    return "\(classes) classes, \(train * classes) training and \(val * classes) validation clips: "
      + labels
  }
}
