// Prepared sets of clips with several labels, and of folders of frames.

import Foundation
import Testing

@testable import VARedData

@Suite struct PreparedLabelsTests {
  private let folder: TemporaryFolder
  private let geometry = ClipGeometry(frames: 4, frameStride: 2, size: 16)

  init() throws { folder = try TemporaryFolder() }

  /// Charades with three videos: actions that hold at times, one twice; none; another time base.
  private func charades() throws -> Dataset {
    try makeCounter(folder.file("videos/ABCDE.mp4"), frames: 50)
    try makeCounter(folder.file("videos/FGHIJ.mkv"), frames: 8)
    try makeCounter(folder.file("videos/KLMNO.mkv"), frames: 30, step: 6)
    try folder.write("c000 one\nc001 two\nc002 three, \"four\"\n", to: "Charades_v1_classes.txt")
    try folder.write(
      "id,subject,actions\nABCDE,X,c000 0.0 0.1;c002 0.61 0.62;c000 1.30 1.71;c001 1.0 2.0\n"
        + "FGHIJ,X,\n", to: "Charades_v1_train.csv")
    try folder.write(
      "id,subject,actions\nKLMNO,X,c001 0.123456789012 0.7\n", to: "Charades_v1_test.csv")
    return try Dataset.open(folder.file("Charades_v1_train.csv"))
  }

  private func batch(_ set: Dataset, _ split: Split, _ view: View) throws -> ClipBatch {
    let loader = ClipLoader(
      dataset: set, split: split, geometry: geometry, batches: [Array(0..<set.count(split))],
      view: { _ in view }, threads: 1, ahead: 1)
    return try #require(try loader.next())
  }

  @Test func windowsHaveTheLabelsTheyHaveInTheVideos() throws {
    try folder.make("videos")
    let videos = try charades()
    var options = PreparationOptions()
    (options.framesFormat, options.shortSide, options.shardMegabytes) = (.raw, 0, 0.05)
    let stored = try PreparedSets.prepare(videos, options, in: folder, "set")
    #expect(stored.isMultiLabel && stored.classes == videos.classes)
    for split in Split.allCases {
      #expect(stored.count(split) == videos.count(split))
      var seen: Set<[Float]> = []
      for view in [View.center] + (0..<40).map({ .train(seed: $0, augment: .standard) }) {
        let (expected, found) = (
          try batch(videos, split, view), try batch(stored, split, view)
        )
        #expect(found.targets == expected.targets && Array(found.clips) == Array(expected.clips))
        seen.insert(found.targets)
      }
      #expect(seen.count > (split == .train ? 3 : 1))
    }
    let index = try String(contentsOfFile: folder.file("set/index.csv"), encoding: .utf8)
      .split(separator: "\n")
    #expect(
      index[0]
        == "path,labels,spans,split,frames,fps,duration,time_unit,shard,row,checksum,bytes")
    #expect(index[1].hasPrefix("ABCDE,0 1 2,0 0.0 0.1;2 0.61 0.62;0 1.3 1.71;1 1.0 2.0,train,50,"))
    #expect(index[2].hasPrefix("FGHIJ,,,train,8,25,0.32,0.001,"))
    #expect(index[3].hasPrefix("KLMNO,1,1 0.123456789012 0.7,val,30,"))
    try refuseDamage(index.map(String.init))
  }

  /// Fields of the index that no writer writes are found, with their line.
  private func refuseDamage(_ index: [String]) throws {
    let line = index[1]
    for wrong in [
      line.replacingOccurrences(of: ",0 1 2,", with: ",0 1 3,"),
      line.replacingOccurrences(of: "2 0.61 0.62", with: "2 0.63 0.62"),
      line.replacingOccurrences(of: "2 0.61 0.62", with: "9 0.61 0.62"),
      line.replacingOccurrences(of: ",train,", with: ",other,"), line + ",",
    ] {
      #expect(wrong != line)
      let text = [index[0], wrong] + index[2...]
      try folder.write(text.joined(separator: "\n") + "\n", to: "set/index.csv")
      let error = #expect(throws: DatasetError.self, "\(wrong)") {
        try Dataset.open(folder.file("set"))
      }
      #expect(error?.line == 2 && error?.remedy.contains("run the same prepare command") == true)
    }
  }

  /// What is prepared of a list depends on when its labels hold.
  @Test func timesAreInTheFingerprint() throws {
    try folder.make("videos")
    let before = PreparationPlan.fingerprint(try charades(), PreparationOptions())
    let list = folder.file("Charades_v1_test.csv")
    let text = try String(contentsOfFile: list, encoding: .utf8)
    try folder.write(
      text.replacingOccurrences(of: "0.7", with: "0.8"), to: "Charades_v1_test.csv")
    let set = try Dataset.open(folder.file("Charades_v1_train.csv"))
    #expect(PreparationPlan.fingerprint(set, PreparationOptions()) != before)
  }

  @Test func aVersionOfTheFutureIsRefused() throws {
    try folder.write(
      "{\"format\": \"\(PreparedManifest.formatName)\", \"version\": 3}", to: "set/manifest.json")
    let error = #expect(throws: DatasetError.self) { try Dataset.open(folder.file("set")) }
    #expect(error?.found == "version 3")
    #expect(error?.remedy == "prepare the set again with this program")
  }

  // MARK: Folders of frames

  /// Jester with three folders: one of PNG, one of JPEG with a turned picture's aspect, one with a
  /// picture that is none.
  private func jester() throws -> Dataset {
    for (name, kind) in [("1", "png"), ("2", "jpg"), ("3", "jpg")] {
      try folder.make("20bn-jester-v1/\(name)")
      let made = try FFmpegCommand.run([
        "-f", "lavfi", "-i", "testsrc2=size=\(name == "2" ? "48x36" : "36x52"):rate=12:duration=1",
        "-q:v", "2", folder.file("20bn-jester-v1/\(name)/%05d.\(kind)"),
      ])
      #expect(made == 0)
    }
    try folder.write("no picture", to: "20bn-jester-v1/3/00011.jpg")
    try folder.write("1;Left\n3;Right\n2;Right\n", to: "jester-v1-train.csv")
    try folder.write("2;Right\n", to: "jester-v1-validation.csv")
    try folder.write("Left\nRight\n", to: "jester-v1-labels.csv")
    return try Dataset.open(folder.file("jester-v1-train.csv"))
  }

  @Test func foldersOfFramesShowTheSameToTheBit() throws {
    let pictures = try jester()
    #expect(pictures.count(.train) == 3)
    var options = PreparationOptions()
    (options.framesFormat, options.shortSide) = (.raw, 0)
    let stored = try PreparedSets.prepare(pictures, options, in: folder, "set")
    #expect(stored.count(.train) == 2 && stored.count(.val) == 1)
    for seed in UInt64(0)..<6 {
      let view = View.train(seed: seed, augment: .standard)
      for (index, place) in [(0, 0), (2, 1)] {
        let expected = try PreparedSets.floats(pictures, .train, index, view, geometry)
        #expect(try PreparedSets.floats(stored, .train, place, view, geometry) == expected)
      }
    }
    let bad = try String(contentsOfFile: folder.file("set/bad-clips.csv"), encoding: .utf8)
      .split(separator: "\n")
    #expect(bad.count == 2 && bad[1].hasPrefix("3,00011.jpg: ") && bad[1].hasSuffix(",train"))
    let index = try String(contentsOfFile: folder.file("set/index.csv"), encoding: .utf8)
    #expect(index.contains("\n1,Left,train,12,0,0,0,0,"))
  }

  @Test func folderFramesHaveNoRate() throws {
    let pictures = try jester()
    var options = PreparationOptions()
    #expect(PreparationPlan.notes(pictures, options).isEmpty)
    options.fps = 5
    let note = try #require(PreparationPlan.notes(pictures, options).first)
    #expect(note.hasPrefix("4 clips are folders of frames"))
    (options.framesFormat, options.shortSide, options.maxSeconds) = (.raw, 0, 0.5)
    let stored = try PreparedSets.prepare(pictures, options, in: folder, "set")
    let all = ClipGeometry(frames: 12, frameStride: 1, size: 16)
    let expected = try PreparedSets.floats(pictures, .train, 0, .center, all)
    #expect(try PreparedSets.floats(stored, .train, 0, .center, all) == expected)
  }
}
