// Folders and videos for tests, made through our own encoder.

import Foundation

@testable import VARedData

/// A folder that disappears with its owner.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "vared-data-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  func file(_ name: String) -> String { path + "/" + name }

  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try make(name.split(separator: "/").dropLast().joined(separator: "/"))
    try text.write(toFile: file(name), atomically: true, encoding: .utf8)
    return file(name)
  }

  /// Makes a folder and those it lies in.
  func make(_ folder: String) throws {
    try FileManager.default.createDirectory(
      atPath: file(folder), withIntermediateDirectories: true)
  }

  /// Makes empty files, for what looks at names only.
  func touch(_ names: String...) throws {
    for name in names { try write("", to: name) }
  }
}

typealias RGB = (UInt8, UInt8, UInt8)

/// Encodes a video whose pixel (x, y) of frame f is `colour(f, x, y)`, shown at `times[f]`.
func makeVideo(
  _ path: String, width: Int = 32, height: Int = 32, times: [Int64],
  settings: EncoderSettings = EncoderSettings(), colour: (Int, Int, Int) -> RGB
) throws {
  let encoder = try VideoEncoder(path: path, width: width, height: height, settings: settings)
  for (frame, time) in times.enumerated() {
    var bytes: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let pixel = colour(frame, x, y)
        bytes += [pixel.0, pixel.1, pixel.2]
      }
    }
    try encoder.write(bytes, at: time)
  }
  try encoder.finish()
}

/// Encodes a grey video whose frames are all of one brightness, `16 + step·f`: it tells its frames.
func makeCounter(
  _ path: String, frames: Int, step: Int = 4, size: Int = 32,
  settings: EncoderSettings = EncoderSettings()
) throws {
  try makeVideo(
    path, width: size, height: size, times: (0..<Int64(frames)).map { $0 }, settings: settings
  ) { frame, _, _ in
    let grey = UInt8(16 + step * frame)
    return (grey, grey, grey)
  }
}

/// A clip as bytes again: value (0…255) of channel c, frame t, row y, column x.
struct SeenClip {
  let geometry: ClipGeometry
  let floats: [Float]

  init(_ path: String, _ view: View, _ geometry: ClipGeometry) throws {
    self.geometry = geometry
    var floats = [Float](repeating: .nan, count: geometry.floatCount)
    try ClipReader().read(video: path, view, geometry, into: &floats)
    self.floats = floats
  }

  func value(_ c: Int, _ t: Int, _ y: Int, _ x: Int) -> Float {
    let index = ((c * geometry.frames + t) * geometry.size + y) * geometry.size + x
    return (floats[index] * ClipWriter.deviation[c] + ClipWriter.mean[c]) * 255
  }

  /// The red, green and blue of a pixel of frame `t`.
  func pixel(_ t: Int, y: Int, x: Int) -> [Float] { (0..<3).map { value($0, t, y, x) } }

  /// The brightness in the middle of each frame.
  var middles: [Float] {
    (0..<geometry.frames).map { value(1, $0, geometry.size / 2, geometry.size / 2) }
  }

  /// The frame of a `makeCounter` video that each frame of the clip shows.
  func frames(step: Int = 4) -> [Int] {
    middles.map { Int((($0 - 16) / Float(step)).rounded()) }
  }
}
