// clips.csv: what it says of every clip, by whom it is written, and that odd names come back.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedData

@testable import VARedTraining

@Suite(.serialized) struct ClipTableTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  private func evaluate(ranks: Int) throws -> (table: ClipTable, report: [String: Any]) {
    let (csv, json) = (scratch("\(ranks).csv"), scratch("\(ranks).json"))
    _ = try run(
      [
        "evaluate", "--checkpoint", scratch("run"), "--data", clips, "--threads", "1", "--batch",
        "1", "--clips", csv, "--report", json,
      ], ranks: ranks)
    let report = try JSONSerialization.jsonObject(
      with: Data(try scratch.text("\(ranks).json").utf8))
    return (try ClipTable(path: csv), try #require(report as? [String: Any]))
  }

  @Test func itIsTheEvaluationClipByClip() throws {
    _ = try run(arguments("run"), ranks: 2)
    let evaluations = try [1, 2, 3].map(evaluate(ranks:))
    let (table, report) = evaluations[0]
    // What the training wrote at its end; its batches were others.
    let own = try ClipTable(path: scratch("run/clips.csv"))
    #expect(own.rows.map(\.path) == table.rows.map(\.path))
    #expect(own.rows.map(\.label) == table.rows.map(\.label))
    for (a, b) in zip(own.rows, table.rows) {
      #expect(abs((a.probability ?? -1) - (b.probability ?? -2)) < 1e-2)
    }

    let rows = table.rows
    #expect(evaluations.allSatisfy { $0.table.rows == rows })
    #expect(rows.map(\.index) == Array(0..<6) && rows.allSatisfy { $0.badReason == nil })
    #expect(rows.map(\.label) == ["0", "1", "0", "1", "0", "1"])
    let right = Double(rows.count { $0.prediction == $0.label }) / 6
    #expect(abs(right - (report["top1"] as? Double ?? -1)) < 1e-6)
    func mean(_ value: (ClipTable.Row) -> Double?) -> Double {
      rows.reduce(0) { $0 + (value($1) ?? .nan) } / 6
    }
    let policies = try #require(report["policies"] as? [String: Any])
    for (found, said) in [
      (mean(\.convRatio), report["conv_ratio"]),
      (mean(\.executedMACs) / 1e9, report["executed_gmacs"]),
      (mean(\.temporalRatio), policies["temporal_ratio"]),
      (mean(\.channelRatio), policies["channel_ratio"]),
    ] {
      let said = try #require(said as? Double)
      #expect(abs(found - said) < 1e-5 * said)
    }
    #expect(report["training_ranks"] as? Int == 2)
    #expect(rows.allSatisfy { (0.5...1).contains($0.probability ?? 0) })
  }

  @Test(
    arguments: [
      [], ["a"], ["a", "b"], ["a|b", "|", "c"], ["\\", "\\|\\", "|\\"],
      ["\u{301}|", "|\u{301}"],
      ["a", "\u{301}x"], ["a\\|"],
    ])
  func severalClassesComeBack(_ classes: [String]) {
    #expect(LabelField.classes(LabelField.text(classes)) == classes)
  }

  @Test func namesOfAnyKindComeBackAndBrokenFilesAreRefused() throws {
    let odd = [
      "a \"b\", c.mp4", "<script>alert(1)</script>", " x ", "=1+1", "\"\u{301}ä|ö,\u{301};'", "",
    ]
    let rows = odd.enumerated().map { number, name in
      var row = ClipTable.Row(index: number, path: name, label: name)
      if number % 2 == 0 {
        row.badReason = "no video, \"at all\""
      } else {
        (row.prediction, row.probability, row.executedMACs) = (name, 0.25, 123_456_789_012)
        (row.convRatio, row.temporalRatio, row.channelRatio) = (0.5, 0.75, 1)
      }
      return row
    }
    let text = ClipTable(rows).csv
    try scratch.write("odd.csv", text)
    var expected = rows
    expected[5].prediction = nil  // A name that is empty cannot be told from none.
    expected[5].probability = 0.25
    #expect(try ClipTable(path: scratch("odd.csv")).rows == expected)

    let header = ClipTable.columns.joined(separator: ",") + "\n"
    for broken in [
      "", "a,b\n", header + "1,a\n", header + "x,a,b,c,1,1,1,1,1,0,\n",
      header + "1,a,b,c,1,nan,1,1,1,0,\n", header + "1,\"a,b,c,1,1,1,1,1,0,\n", "\u{0}\u{1}\u{2}",
    ] {
      try scratch.write("broken.csv", broken)
      let error = #expect(throws: FileError.self) { try ClipTable(path: scratch("broken.csv")) }
      #expect(error?.description.contains("vared-train evaluate") == true, "\(broken)")
    }
  }
}
