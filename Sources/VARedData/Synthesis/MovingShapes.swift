// A small labelled set of real video files: coloured shapes that move in known ways.

import Foundation

/// Writes MP4 files of moving shapes with a label file; a class is a shape and a motion.
///
/// Colours, background, place, size, speed and camera noise are random, and at every instant they
/// are distributed alike for all motions: a single frame tells the shape and nothing else. The
/// vibration goes back and forth at the frame rate, so every second frame shows a still shape.
/// Everything is a pure function of the settings (for one version of FFmpeg and x264).
public struct MovingShapes: Sendable {
  /// What moves.
  public enum Shape: String, CaseIterable, Sendable {
    case circle
    case square
    case triangle
    case cross
  }

  /// How it moves.
  public enum Motion: String, CaseIterable, Sendable {
    case still
    case leftRight = "left-right"
    case upDown = "up-down"
    case grow
    case vibrate
  }

  /// The shapes of the set.
  public var shapes: [Shape]
  /// The motions of the set.
  public var motions: [Motion]
  /// Training clips of each class.
  public var trainClipsPerClass: Int
  /// Validation clips of each class.
  public var valClipsPerClass: Int
  /// Frames of each video.
  public var frames: Int
  /// Width and height of each video in pixels, even.
  public var size: Int
  /// Camera noise, as a multiple of the usual deviation of 1 to 4 of 255 grey levels; each clip's
  /// is drawn from this range, evenly on a logarithmic scale.
  public var noise: ClosedRange<Double>
  /// Where all randomness comes from.
  public var seed: UInt64

  /// Settings; the defaults give ten classes.
  public init(
    shapes: [Shape] = [.circle, .cross], motions: [Motion] = Motion.allCases,
    trainClipsPerClass: Int = 40, valClipsPerClass: Int = 10, frames: Int = 16, size: Int = 64,
    noise: ClosedRange<Double> = 1...1, seed: UInt64 = 1
  ) {
    self.shapes = shapes
    self.motions = motions
    self.trainClipsPerClass = trainClipsPerClass
    self.valClipsPerClass = valClipsPerClass
    self.frames = frames
    self.size = size
    self.noise = noise
    self.seed = seed
  }

  /// Writes `train/*.mp4`, `val/*.mp4` and `labels.csv` into `directory`, creating it.
  ///
  /// Videos are H.264 through x264 (MPEG-4 where FFmpeg has no x264), 4:2:0, 25 frames per
  /// second, nearly lossless. Classes are called `circle_left-right`.
  ///
  /// - Returns: the path of `labels.csv`.
  /// - Throws: `DatasetError` for settings that make no set, or a folder that cannot be written.
  @discardableResult
  public func write(to directory: String) throws -> String {
    try requireValid(directory)
    try requireNew(directory)
    var labels = "path,label,split\n"
    for split in Split.allCases {
      let folder = (directory as NSString).appendingPathComponent(split.rawValue)
      try make(folder)
      for (number, clip) in clips(of: split).enumerated() {
        let name = "\(split.rawValue)/\(clip.label)_\(clip.name).mp4"
        let path = (directory as NSString).appendingPathComponent(name)
        try encode(clip, number: number, split: split, to: path)
        labels += "\(name),\(clip.label),\(split.rawValue)\n"
      }
    }
    let path = (directory as NSString).appendingPathComponent("labels.csv")
    do {
      try labels.write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
      throw DatasetError(path: path, expected: "a file that can be written", found: reason(error))
    }
    return path
  }

  private struct Clip {
    let shape: Shape
    let motion: Motion
    let name: String
    var label: String { "\(shape.rawValue)_\(motion.rawValue)" }
  }

  private func clips(of split: Split) -> [Clip] {
    let perClass = split == .train ? trainClipsPerClass : valClipsPerClass
    return shapes.flatMap { shape in
      motions.flatMap { motion in
        (0..<perClass).map {
          let digits = String($0)
          let name = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
          return Clip(shape: shape, motion: motion, name: name)
        }
      }
    }
  }

  private func encode(_ clip: Clip, number: Int, split: Split, to path: String) throws {
    let scene = ShapeScene(
      shape: clip.shape, motion: clip.motion, size: size, noise: noise,
      random: SplitMix64(mixing: seed, split == .train ? 0 : 1, UInt64(number)))
    let encoder = try VideoEncoder(path: path, width: size, height: size)
    var noise = SplitMix64(mixing: seed, split == .train ? 2 : 3, UInt64(number))
    for frame in 0..<frames {
      try encoder.write(scene.picture(frame: frame, noise: &noise), at: Int64(frame))
    }
    try encoder.finish()
  }

  /// What is there already would be written over, or mixed with.
  private func requireNew(_ directory: String) throws {
    try make(directory)
    let found = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    guard let first = found.min() else { return }
    throw DatasetError(
      path: directory, expected: "a new or an empty folder",
      found: "\(first)" + (found.count == 1 ? "" : " and \(found.count - 1) more"),
      remedy: "give another --output, or take the folder away")
  }

  private func make(_ folder: String) throws {
    guard let reason = FolderMaking.make(folder) else { return }
    throw DatasetError(
      path: folder, expected: "a folder to write to", found: "that it \(reason)")
  }

  private func requireValid(_ directory: String) throws {
    func refuse(_ expected: String, _ found: String) -> DatasetError {
      DatasetError(path: directory, expected: expected, found: found)
    }
    if size < 16 || size > 1024 || size % 2 != 0 {
      throw refuse("an even size of 16 to 1024 pixels", "\(size)")
    }
    if frames < 1 { throw refuse("at least one frame per clip", "\(frames)") }
    if shapes.isEmpty || motions.isEmpty { throw refuse("a shape and a motion", "none") }
    if trainClipsPerClass < 1 || valClipsPerClass < 0 {
      throw refuse("at least one training clip per class", "\(trainClipsPerClass)")
    }
    if noise.lowerBound < 0 || noise.lowerBound == 0 && noise.upperBound > 0 {
      throw refuse("a range of noise above 0", "\(noise)")
    }
  }

  private func reason(_ error: any Error) -> String {
    let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    return (cause ?? error as NSError).localizedDescription
  }
}
