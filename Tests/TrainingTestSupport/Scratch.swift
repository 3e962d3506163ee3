// A folder of a test's own, and small sets of clips in it.

import Foundation
import VARedHDF5

/// A fresh folder, removed when the test ends.
public final class Scratch {
  /// Where it is.
  public let path: String

  /// Makes the folder.
  public init() throws {
    path = NSTemporaryDirectory() + "vared-training-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of `name` in the folder.
  public func callAsFunction(_ name: String) -> String { path + "/" + name }

  /// Whether there is a `name` in the folder.
  public func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: self(name)) }

  /// The text of the file `name`.
  public func text(_ name: String) throws -> String {
    try String(contentsOfFile: self(name), encoding: .utf8)
  }

  /// Writes the file `name`.
  public func write(_ name: String, _ text: String) throws {
    try text.write(toFile: self(name), atomically: true, encoding: .utf8)
  }

  /// `clips.h5`: `train` + `val` clips of 4 frames of 16×16 in two classes that differ in the
  /// colour of one half, with pixel noise.
  public func writeClips(train: Int = 16, val: Int = 6) throws -> String {
    var noise: UInt32 = 7
    var bytes: [UInt8] = []
    for clip in 0..<(train + val) {
      for pixel in 0..<(4 * 16 * 16) {
        for channel in 0..<3 {
          noise = noise &* 1_664_525 &+ 1_013_904_223
          let isBright = clip % 2 == 1 && pixel % 16 < 8 && channel == 0
          bytes.append(UInt8(noise >> 25) + (isBright ? 100 : 20))
        }
      }
    }
    let file = try HDF5File.create(self("clips.h5"))
    let count = train + val
    try file.write("/clips", bytes, shape: [count, 4, 16, 16, 3])
    try file.write("/labels", (0..<count).map { Int64($0 % 2) }, shape: [count])
    try file.write("/split", (0..<count).map { UInt8($0 < train ? 0 : 1) }, shape: [count])
    try file.close()
    return self("clips.h5")
  }
}
