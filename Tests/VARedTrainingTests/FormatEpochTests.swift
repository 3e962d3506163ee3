// Every form of a data set with videos in it: what a person reads there, what `check` says, and
// what an epoch of training and an evaluation see, held against each other.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedHDF5

@testable import VARedData
@testable import VARedTraining

@Suite(.serialized) struct FormatEpochTests: ProgramRuns {
  let scratch: Scratch
  var clips: String { scratch("set") }

  init() throws {
    scratch = try Scratch()
    try FileManager.default.createDirectory(atPath: clips, withIntermediateDirectories: true)
  }

  /// `--data` and `--videos` of a layout.
  private func source(_ layout: FormatLayout) -> [String] {
    ["--data", data(layout)] + (layout.videos.map { ["--videos", "\(clips)/\($0)"] } ?? [])
  }

  private func data(_ layout: FormatLayout) -> String {
    layout.data.isEmpty ? clips : "\(clips)/\(layout.data)"
  }

  @Test(arguments: FormatLayout.all) func checkTrainingAndEvaluationAgree(
    _ layout: FormatLayout
  ) throws {
    try layout.write(to: clips)
    try expectReading(layout) { source in
      URL(fileURLWithPath: source.path).standardizedFileURL.path
    }
    try expectCheck(layout)
    try expectEpoch(layout)
  }

  @Test func hdf5Clips() throws {
    try FileManager.default.removeItem(atPath: clips)
    try FileManager.default.moveItem(
      atPath: try scratch.writeClips(train: 4, val: 2), toPath: clips)
    let rows = (0..<6).map { FormatLayout.Clip("row \($0)", "\($0 % 2)") }
    let layout = FormatLayout(
      name: "HDF5", data: "", format: "HDF5 clips", lists: [:], classes: ["0", "1"],
      train: Array(rows[..<4]), val: Array(rows[4...]))
    try expectReading(layout) { source in
      guard case .row(let row, _) = source else { return "\(source)" }
      return "\(clips)/row \(row)"
    }
    try expectCheck(layout)
    try expectEpoch(layout)
  }

  /// A prepared set has the clips that were there, under the paths of the list.
  @Test(arguments: [FormatLayout.tables[2], FormatLayout.lists[4]]) func preparedSet(
    _ list: FormatLayout
  ) throws {
    try list.write(to: clips)
    let arguments = source(list)
    _ = try run(
      ["prepare", arguments[1], "--output", scratch("prepared"), "--data-threads", "1"]
        + arguments.dropFirst(2))
    try FileManager.default.removeItem(atPath: clips)
    try FileManager.default.moveItem(atPath: scratch("prepared"), toPath: clips)
    let layout = FormatLayout(
      name: "prepared", data: "", format: "prepared set", lists: [:], classes: list.classes,
      train: list.train, val: list.val, isMultiLabel: list.isMultiLabel)
    try expectCheck(layout)
    try expectEpoch(layout)
  }

  /// What the library reads: which file each clip is of, and what it is called.
  private func expectReading(
    _ layout: FormatLayout, _ place: (Dataset.Source) -> String
  ) throws {
    let set = try Dataset.open(
      data(layout), videos: layout.videos.map { "\(clips)/\($0)" })
    for (split, expected) in [(Split.train, layout.train), (.val, layout.val)] {
      let found = (0..<set.count(split)).map { index in
        let labels = set.labels(split, index).map { set.classes[$0] }.sorted()
        return "\(place(set.source(split, index))): \(labels)"
      }
      let folder = URL(fileURLWithPath: clips).standardizedFileURL.path
      let written = expected.map { clip in
        let path = clip.path.hasSuffix("/") ? String(clip.path.dropLast()) : clip.path
        return "\(folder)/\(path): \(clip.labels.sorted())"
      }
      #expect(found.sorted() == written.sorted(), "\(split)")
    }
  }

  private func expectCheck(_ layout: FormatLayout) throws {
    let text = try run(["check", "--json"] + source(layout).dropFirst()).stdout
    let found = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let there = ["train": layout.train.count, "val": layout.val.count]
    #expect(found["format"] as? String == layout.format)
    #expect(found["clips"] as? [String: Int] == there)
    #expect(
      found["listed"] as? [String: Int]
        == there.merging(layout.missing.mapValues(\.count)) { $0 + $1 })
    #expect(found["classes"] as? [String] == layout.classes)
    #expect(found["multi_label"] as? Bool == layout.isMultiLabel)
    let missing = try #require(found["missing"] as? [String])
    let ends = layout.missing.values.flatMap { $0 }
    #expect(missing.count == ends.count, "\(missing)")
    for end in ends { #expect(missing.contains { $0.contains(end) }, "\(end): \(missing)") }
  }

  /// One epoch, and what was seen in it: an even number of clips, so that steps of two leave none
  /// out.
  private func expectEpoch(_ layout: FormatLayout) throws {
    try #require(layout.train.count % 2 == 0)
    let result = try run(
      arguments("run", ["--network", "fixed", "--size", "32", "--batch", "2", "--epochs", "1"])
        + source(layout))
    let lines = try objects("run")
    let epoch = try #require(lines.last { $0["kind"] as? String == "epoch" })
    #expect(epoch["clips"] as? Int == layout.train.count, "\(result)")
    #expect(epoch["bad_clips"] as? Int == 0 && epoch["evaluation_bad_clips"] as? Int == 0)
    let evaluations = lines.filter { $0["kind"] as? String == "evaluation" }
    #expect(
      evaluations.map { $0["clips"] as? Int } == (layout.val.isEmpty ? [] : [layout.val.count]))
    let header = try newest("run").header
    #expect(header.classes == layout.classes && header.isMultiLabel == layout.isMultiLabel)
    #expect(!scratch.exists("run/bad-clips.csv"))
    let missing = layout.missing.map(\.value.count).reduce(0, +)
    let said =
      try scratch.exists("run/missing-clips.csv")
      ? scratch.text("run/missing-clips.csv").split(separator: "\n").count - 1 : 0
    #expect(said == missing)
    try expectClasses(layout.train, "train", layout)
    if !layout.val.isEmpty { try expectClasses(layout.val, "val", layout) }
  }

  /// An evaluation of a split finds so many clips of each class.
  private func expectClasses(
    _ expected: [FormatLayout.Clip], _ split: String, _ layout: FormatLayout
  ) throws {
    _ = try run(
      [
        "evaluate", "--checkpoint", scratch("run"), "--split", split, "--batch", "2", "--threads",
        "1", "--data-threads", "1", "--report", scratch("\(split).json"),
      ] + source(layout))
    let text = try scratch.text("\(split).json")
    let report = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(report["clips"] as? Int == expected.count && report["bad_clips"] as? Int == 0)
    let classes = try #require(report["classes"] as? [[String: Any]])
    let found = classes.map { "\($0["name"] as? String ?? ""): \($0["clips"] as? Int ?? 0)" }
    let counts = layout.classes.compactMap { name in
      let count = expected.count { $0.labels.contains(name) }
      return count > 0 ? "\(name): \(count)" : nil
    }
    #expect(found == counts, "\(split)")
  }
}
