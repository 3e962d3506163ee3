// Prepared sets for tests: small lists of small videos, and the folders that are made of them.

import CFFmpeg
import Foundation

@testable import VARedData

/// A list of videos of every kind that matters: reordered frames, a variable frame rate, a rotated
/// one, one without times, odd colours; and what is prepared of it.
struct PreparedSets {
  let folder: TemporaryFolder
  let list: String

  /// - Parameter bad: whether the list has a file that is no video.
  init(bad: Bool = false) throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("v"), withIntermediateDirectories: true)
    var lines = "path,label,split\n"
    for (number, video) in PreparedSets.videos.enumerated() {
      try makeVideo(
        folder.file("v/" + video.name), width: 48, height: 36, times: video.times,
        settings: video.settings
      ) { frame, x, y in
        (UInt8(16 + 5 * frame), UInt8(4 * x), UInt8(20 + (x + 3 * y + 11 * number) % 200))
      }
      let quoted = video.name.replacing("\"", with: "\"\"")
      let label = number % 2 == 0 ? "run" : "\"jump, high\""
      lines += "\"v/\(quoted)\",\(label),\(number < 4 ? "train" : "val")\n"
    }
    if bad {
      try folder.write("no video", to: "v/broken.mp4")
      try folder.touch("v/empty.mp4")
      lines += "v/broken.mp4,run,train\nv/empty.mp4,run,val\n"
    }
    list = try folder.write(lines, to: "list.csv")
  }

  private static var videos: [(name: String, times: [Int64], settings: EncoderSettings)] {
    let steady = (0..<20).map { Int64($0) }
    var turned = EncoderSettings()
    turned.quarterTurns = 1
    var plain = EncoderSettings()
    plain.codecs = ["mpeg4"]
    plain.reorderedFrames = 0
    var dense = EncoderSettings()
    dense.pixelFormat = AV_PIX_FMT_YUV444P
    return [
      ("reordered.mp4", steady, EncoderSettings()),
      ("variable, \"odd\" name.mkv", (0..<20).map { Int64($0 * $0 / 3 + $0) }, EncoderSettings()),
      ("turned.mp4", steady, turned),
      ("untimed.avi", steady, plain),
      ("dense.mkv", steady, dense),
      ("short.mp4", [0, 1, 2], EncoderSettings()),
    ]
  }

  /// Makes the set as the program does, in `name`.
  @discardableResult
  func prepare(_ options: PreparationOptions, in name: String) throws -> Dataset {
    try PreparedSets.prepare(try Dataset.open(list), options, in: folder, name)
  }

  /// Prepares any list as the program does, in `name` of `folder`.
  static func prepare(
    _ dataset: Dataset, _ options: PreparationOptions, in folder: TemporaryFolder, _ name: String
  ) throws -> Dataset {
    let path = folder.file(name)
    try folder.make(name)
    let prepared = PreparedFolder(
      path: path, plan: PreparationPlan(dataset, options, threads: 2))
    for shard in try prepared.pendingShards() {
      _ = try prepared.plan.makeShard(shard, in: path, isCancelled: { false }) { _ in }
    }
    let lists = try prepared.lists()
    try folder.write(lists.index, to: "\(name)/index.csv")
    try folder.write(lists.badClips, to: "\(name)/bad-clips.csv")
    try folder.write(lists.manifest.text, to: "\(name)/manifest.json")
    return try Dataset.open(path)
  }

  /// A clip's floats.
  static func floats(
    _ dataset: Dataset, _ split: Split, _ index: Int, _ view: View, _ geometry: ClipGeometry
  ) throws -> [Float] {
    var floats = [Float](repeating: .nan, count: geometry.floatCount)
    try ClipReader().read(
      dataset, split: split, index: index, view: view, geometry: geometry, into: &floats)
    return floats
  }
}
