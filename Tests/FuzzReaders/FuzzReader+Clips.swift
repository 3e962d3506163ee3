// Clips: of a video, of an HDF5 file, of a shard.

import Foundation
import VARedData

extension FuzzReader {
  /// Reads the centre of a video and a random window of it.
  func readClip(ofVideo path: String) throws {
    let reader = ClipReader(limits: limits)
    for view in [View.center, .train(seed: 3, augment: nil)] {
      try withClip { try reader.read(video: path, view, geometry, into: $0) }
    }
  }

  /// Opens a file of clips and reads the first ones.
  func readClips(_ path: String) throws {
    try readClips(of: Dataset.open(path))
  }

  func readClips(of dataset: Dataset) throws {
    let reader = ClipReader(limits: limits)
    for clip in 0..<min(2, dataset.count(.train)) {
      try withClip {
        try reader.read(
          dataset, split: .train, index: clip, view: .center, geometry: geometry, into: $0)
      }
    }
  }

  /// Puts the bytes into a prepared set as its only shard, and reads its clips. Checksums of the
  /// header are made to fit, or nothing behind them would ever be read.
  func readShard(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    try folder.clear()
    for name in ["manifest.json", "index.csv"] {
      let file = URL(fileURLWithPath: "\(Self.seeds)/shard-set/\(name)")
      try folder.write([UInt8](try Data(contentsOf: file)), to: name)
    }
    try folder.write(Self.withFittingChecksums(Array(bytes)), to: "shard-00000.h5")
    try readClips(of: Dataset.open(folder.path))
  }

  /// The shard with the CRC-32 of its tables and of its header as they are.
  private static func withFittingChecksums(_ shard: [UInt8]) -> [UInt8] {
    guard shard.count > 4096 else { return shard }
    var text = ""
    for line in String(decoding: shard[..<4096].prefix { $0 != 0 }, as: UTF8.self)
      .split(separator: "\n")
    {
      let words = line.split(separator: " ")
      if words.first == "crc32" { continue }
      var fitting = String(line)
      if words.count == 4, words[3] != "0", let offset = Int(words[1]), let count = Int(words[2]),
        offset >= 0, count >= 0, offset <= shard.count, count <= shard.count - offset
      {
        fitting = "\(words[0]) \(offset) \(count) \(CRC32.of(shard[offset..<offset + count]))"
      }
      text += fitting + "\n"
    }
    text += "crc32 \(CRC32.of(text.utf8))\n"
    guard text.utf8.count <= 4096 else { return shard }
    return Array(text.utf8) + [UInt8](repeating: 0, count: 4096 - text.utf8.count) + shard[4096...]
  }

  private var geometry: ClipGeometry { ClipGeometry(frames: 4, frameStride: 1, size: 16) }

  /// A tenth of what a clip may take in training: mutated files are small.
  private var limits: VideoLimits {
    var limits = VideoLimits.training
    limits.seconds = 6
    return limits
  }

  private func withClip(_ body: (UnsafeMutablePointer<Float>) throws -> Void) throws {
    var clip = [Float](repeating: 0, count: geometry.floatCount)
    try clip.withUnsafeMutableBufferPointer { try body($0.baseAddress!) }
  }
}
