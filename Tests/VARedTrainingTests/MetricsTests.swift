// metrics.jsonl, bad-clips.csv and the progress text.

import Foundation
import Testing
import TrainingTestSupport

@testable import VARedTraining

@Suite struct MetricsTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func line(_ kind: String, _ step: Int, top1: Double? = nil) -> JSONLine {
    var line = JSONLine()
    line.add("kind", kind)
    line.add("step", step)
    if let top1 { line.add("top1", top1) }
    return line
  }

  @Test func linesAfterTheResumedStepAreTakenOut() throws {
    let path = scratch("metrics.jsonl")
    let first = try MetricsFile(path, resumedAt: 0)
    for step in 1...6 { try first.append([line("step", step)]) }
    try first.append([line("evaluation", 6, top1: 0.5), line("epoch", 6)])
    try scratch.write("metrics.jsonl", scratch.text("metrics.jsonl") + "{\"kind\":\"step\",\"st")

    let resumed = try MetricsFile(path, resumedAt: 4)
    #expect(resumed.lines.map(\.step) == [1, 2, 3, 4])
    #expect(!resumed.has("epoch", step: 6))
    for step in 5...7 { try resumed.append([line("step", step)]) }
    let text = try scratch.text("metrics.jsonl")
    #expect(
      text.split(separator: "\n").map(String.init)
        == (1...7).map { "{\"kind\":\"step\",\"step\":\($0)}" })
    #expect(text.hasSuffix("\n"))
  }

  /// Line ends of another system and a byte order mark change nothing; a line that cannot be read
  /// is kept beside the file, and said.
  @Test(
    arguments: [
      ("", "\n"), ("", "\r\n"), ("\u{FEFF}", "\n"), ("\u{FEFF}", "\r\n"), ("", "\r\r\n"),
      ("", "\r"),
    ])
  func whatSomebodyEditedIsRead(_ mark: String, _ end: String) throws {
    let path = scratch("metrics.jsonl")
    var lines = (1...4).map { "{\"kind\":\"step\",\"step\":\($0)}" }
    try scratch.write("metrics.jsonl", mark + lines.joined(separator: end) + end)
    var said: [String] = []
    #expect(
      try MetricsFile(path, resumedAt: 3) { said.append($0) }.lines.map(\.step) == [1, 2, 3])
    #expect(said.isEmpty)
    #expect(
      try scratch.text("metrics.jsonl") == lines[..<3].map { $0 + "\n" }.joined())

    let odd = [
      "{\"kind\":\"st", "{\"kind\":\"step\",\"step\":-9223372036854775808}",
      "{\"kind\":\"step\",\"step\":9223372036854775807}", "{\"kind\":\"step\",\"step\":1e300}",
      "[]",
    ]
    lines.insert(contentsOf: odd, at: 1)
    try scratch.write("metrics.jsonl", mark + lines.joined(separator: end) + end)
    #expect(
      try MetricsFile(path, resumedAt: 4) { said.append($0) }.lines.map(\.step) == [1, 2, 3, 4])
    #expect(said.count == 1 && said[0].contains("5 of 9 lines cannot be read"), "\(said)")
    #expect(
      try scratch.text("metrics.jsonl.unreadable").split(separator: "\n").map(String.init) == odd)
  }

  @Test func noStepIsThereTwice() throws {
    let path = scratch("metrics.jsonl")
    let (own, other) = (
      "{\"kind\":\"step\",\"step\":1,\"loss\":2}", "{\"kind\":\"step\",\"step\":1,\"loss\":3}"
    )
    let epoch = "{\"kind\":\"epoch\",\"step\":1}"
    let lines = [own, epoch, own, other]
    try scratch.write("metrics.jsonl", lines.map { $0 + "\n" }.joined())
    var said: [String] = []
    let file = try MetricsFile(path, resumedAt: 1) { said.append($0) }
    #expect(file.lines.map(\.kind) == ["step", "epoch"] && file.lines[0].loss == 2)
    #expect(said.count == 1 && said[0].contains("1 of 4 lines"), "\(said)")
    #expect(try scratch.text("metrics.jsonl.unreadable") == other + "\n")
  }

  /// Every line by itself would be read, and written back among lines of UTF-8.
  @Test func linesOfAnotherEncodingAreSetAside() throws {
    let lines = (1...3).map { "{\"kind\":\"step\",\"step\":\($0)}\n" }.joined()
    let url = URL(fileURLWithPath: scratch("metrics.jsonl"))
    try #require(lines.data(using: .utf16LittleEndian)).write(to: url)
    var said: [String] = []
    let file = try MetricsFile(scratch("metrics.jsonl"), resumedAt: 3) { said.append($0) }
    #expect(file.lines.isEmpty && said.count == 1, "\(said)")
    #expect(try scratch.text("metrics.jsonl").isEmpty)
  }

  @Test func aPipeInTheFilesPlaceIsRefused() throws {
    #expect(mkfifo(scratch("metrics.jsonl"), 0o600) == 0)
    let error = #expect(throws: FileError.self) {
      try MetricsFile(scratch("metrics.jsonl"), resumedAt: 0)
    }
    #expect(error?.message.contains("is no regular file") == true)
  }

  @Test func theFirstOfEqualEvaluationsIsTheBest() throws {
    let metrics = try MetricsFile(scratch("metrics.jsonl"), resumedAt: 0)
    #expect(metrics.bestStep == nil)
    for (step, top1) in [(5, 0.25), (10, 0.75), (15, 0.75), (20, 0.5)] {
      try metrics.append([line("evaluation", step, top1: top1)])
    }
    #expect(metrics.bestStep == 10)
    #expect(try MetricsFile(scratch("metrics.jsonl"), resumedAt: 7).bestStep == 5)
  }

  @Test func withSeveralLabelsTheBestIsThatOfTheHighestMAP() throws {
    let metrics = try MetricsFile(scratch("metrics.jsonl"), resumedAt: 0)
    for (step, map) in [(5, 0.25), (10, 0.75), (15, 0.5)] {
      var line = line("evaluation", step)
      line.add("map", map)
      try metrics.append([line])
    }
    #expect(metrics.bestStep == 10)
  }

  @Test func jsonIsValidForEveryValue() throws {
    var line = JSONLine()
    line.add("text", "a\"b\\c\n\u{1}é")
    line.add("small", 1e-9)
    line.add("none", Double.nan)
    line.add("list", [1, .infinity])
    line.add("inner", self.line("x", -3))
    let object = try JSONSerialization.jsonObject(with: Data(line.text.utf8)) as? [String: Any]
    #expect(object?["text"] as? String == "a\"b\\c\n\u{1}é")
    #expect((object?["small"] as? Double).map { abs($0 - 1e-9) < 1e-15 } == true)
    #expect(object?["none"] is NSNull)
    #expect((object?["list"] as? [Any])?.last is NSNull)
    #expect((object?["inner"] as? [String: Any])?["step"] as? Int == -3)
  }

  @Test func aBadClipIsListedOnce() throws {
    var clip = BadClipEntry(
      split: "train", index: 3, path: "a,b.mp4", reason: "no \"video\"", replacement: 4)
    var list = try BadClipList(scratch("bad.csv"))
    #expect(try list.append([clip, clip], epoch: 1) == 1)
    clip.index = 5
    var reopened = try BadClipList(scratch("bad.csv"))
    #expect(try reopened.append([clip], epoch: 2) == 1)
    clip.index = 3
    #expect(try reopened.append([clip], epoch: 2) == 0)
    #expect(
      try scratch.text("bad.csv") == """
        split,index,path,reason,replacement,epoch
        train,3,"a,b.mp4","no ""video\""",4,1
        train,5,"a,b.mp4","no ""video\""",4,2

        """)
  }

  @Test func progressFitsTheTerminal() {
    #expect(Progress.duration(59.6) == "1m 00s")
    #expect(Progress.duration(8) == "8s")
    #expect(Progress.duration(3_725) == "1h 02m")
    #expect(Progress.duration(200_000) == "2d 7h")
    #expect(Progress.duration(.infinity) == "?")
    let numbers = "loss 0.69 acc 0.50 conv 0.71 12.3 clips/s left 3m 20s"
    #expect(
      Progress.bar(0.5, "epoch 3/30 12/190", numbers, columns: 81)
        == "epoch 3/30 12/190 [###...] \(numbers)")
    let remark = "rank 3 on node7 is slowest (+23 %)"
    for (columns, isSaid) in [(80, false), (114, false), (115, true), (200, true)] {
      let bar = Progress.bar(0.5, "epoch 3/30 12/190", numbers, remark, columns: columns)
      #expect(bar.contains(remark) == isSaid, "\(columns) columns: \(bar)")
      #expect(bar.contains("#") && bar.count < columns)
    }
    for columns in [1, 5, 12, 40, 78, 79, 80, 81, 100, 200] {
      let bar = Progress.bar(1, "epoch 3/30 12/190", numbers, columns: columns)
      #expect(bar.count <= max(1, columns - 1), "\(columns) columns")
      #expect(bar.contains("#") == (columns >= 79))
    }
  }
}
