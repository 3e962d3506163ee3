// Data sets in real layouts through the program: check and an epoch of training, some missing.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedTraining

@Suite struct DataSetTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = scratch("v")
  }

  /// Mini-Kinetics' lists over Kinetics' tables and class folders, one video of each split missing.
  private func makeMiniKinetics() throws -> (train: [String], val: [String]) {
    _ = try run([
      "synthesize", "--output", scratch("made"), "--train", "2", "--val", "1", "--size", "32",
    ])
    let rows = try scratch.text("made/labels.csv").split(separator: "\n").dropFirst()
      .map { $0.split(separator: ",").map(String.init) }
    var lists = ["train": [String](), "val": []]
    var tables = ["train": "", "val": ""]
    for (number, row) in rows.enumerated() {
      let id = "-clip_\(String(number + 10_000))"
      let (label, split) = ("doing \(row[1])", row[2])
      lists[split, default: []].append(id)
      tables[split, default: ""] += "\(label),\(id),7,17,\(split),0\n"
      let folder = scratch("v/\(split)/\(label)")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: scratch("made/\(row[0])"), toPath: "\(folder)/\(id)_000007_000017.mp4")
    }
    for (split, ids) in lists {
      tables[split, default: ""] += "doing nothing,gone_\(split.prefix(1))_0000,1,11,\(split),0\n"
      try scratch.write(
        "lists/\(split)_ytid_list.txt",
        (ids + ["gone_\(split.prefix(1))_0000"]).joined(separator: "\n"))
      try scratch.write(
        "lists/kinetics_\(split).csv",
        "label,youtube_id,time_start,time_end,split,is_cc\n" + (tables[split] ?? ""))
    }
    return (lists["train"] ?? [], lists["val"] ?? [])
  }

  @Test func miniKineticsIsCheckedAndTrained() throws {
    try FileManager.default.createDirectory(
      atPath: scratch("lists"), withIntermediateDirectories: true)
    let (train, val) = try makeMiniKinetics()
    let source = ["--videos", clips]
    let list = scratch("lists/train_ytid_list.txt")
    let text = try run(["check", list, "--json"] + source).stdout
    let found = try #require(
      JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(found["clips"] as? [String: Int] == ["train": train.count, "val": val.count])
    #expect(found["listed"] as? [String: Int] == ["train": train.count + 1, "val": val.count + 1])
    #expect((found["classes"] as? [String])?.contains("doing nothing") == true)
    #expect((found["missing"] as? [String])?.count == 2 && found["multi_label"] as? Bool == false)
    let words = try run(["check", list] + source).stdout
    #expect(words.contains("note: 2 of \(train.count + val.count + 2) listed videos"), "\(words)")

    var flags = arguments(
      "run", ["--epochs", "1", "--batch", "2", "--frames", "2", "--size", "16"])
    flags[1] = list
    _ = try run(flags + source, ranks: 2)
    let missing = try scratch.text("run/missing-clips.csv").split(separator: "\n")
    #expect(missing.count == 3 && missing[0] == "split,path", "\(missing)")
    #expect(!scratch.exists("run/bad-clips.csv"))
    let epochs = try objects("run").filter { $0["kind"] as? String == "epoch" }
    #expect(epochs.map { $0["clips"] as? Int } == [train.count / 4 * 4])

    try FileManager.default.removeItem(atPath: clips)
    try FileManager.default.createDirectory(atPath: clips, withIntermediateDirectories: true)
    let refused = try launch(["check", list] + source, ranks: nil).run()
    #expect(
      refused.status == 2 && refused.stderr.contains("none of \(train.count + 1)"), "\(refused)")
  }
}
