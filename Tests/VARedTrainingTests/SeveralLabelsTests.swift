// Runs on clips with several labels: binary cross-entropy, mAP, and what must not change.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedData

@testable import VARedTraining

@Suite(.serialized) struct SeveralLabelsTests: ProgramRuns {
  let scratch: Scratch
  /// Moving shapes, each with its shape and its motion as labels.
  let clips: String

  init() throws {
    scratch = try Scratch()
    let shapes = MovingShapes(
      shapes: [.circle, .square], motions: [.leftRight, .upDown], trainClipsPerClass: 4,
      valClipsPerClass: 2, frames: 8, size: 32, seed: 1)
    let list = try String(contentsOfFile: shapes.write(to: scratch.path), encoding: .utf8)
    let rows = list.split(separator: "\n").dropFirst().map { row -> String in
      let fields = row.split(separator: ",").map(String.init)
      return "\(fields[0]),\(fields[1].replacingOccurrences(of: "_", with: "|")),\(fields[2])\n"
    }
    clips = scratch("several.csv")
    try scratch.write("several.csv", "path,labels,split\n" + rows.joined())
  }

  @Test func aRunMeasuresMeanAveragePrecision() throws {
    _ = try run(arguments("run", ["--batch", "4"]), ranks: 2)
    let header = try newest("run").header
    #expect(header.isMultiLabel && header.classes.count == 4)
    let evaluations = try objects("run").filter { $0["kind"] as? String == "evaluation" }
    #expect(evaluations.count == 3)
    #expect(
      Set(evaluations[0].keys) == [
        "kind", "step", "clips", "map", "conv_ratio", "conv_ratio_deviation", "executed_gmacs",
        "seconds_per_clip", "policies",
      ])
    #expect(
      evaluations.allSatisfy { ($0["map"] as? Double).map { (0.2...1).contains($0) } ?? false })
    #expect(try run(["inspect", scratch("run")]).stdout.contains("any number a clip (sigmoid)"))

    let reports = try [1, 2, 3].map { try evaluate(ranks: $0) }
    for report in reports {
      #expect(report["map"] as? Double == reports[0]["map"] as? Double)
      let classes = try #require(report["classes"] as? [[String: Any]])
      #expect(classes.count == 4 && classes.allSatisfy { $0["clips"] as? Int == 4 })
      let precisions = classes.compactMap { $0["average_precision"] as? Double }
      #expect(precisions.count == 4)
      let mean = precisions.reduce(0, +) / 4
      #expect(abs(mean - (report["map"] as? Double ?? 0)) < 1e-6)
      #expect(report["top1"] == nil && report["confusion"] == nil)
    }
  }

  private func evaluate(ranks: Int) throws -> [String: Any] {
    let report = scratch("report-\(ranks).json")
    let said = try run(
      [
        "evaluate", "--checkpoint", scratch("run"), "--data", clips, "--report", report, "--views",
        "video", "--windows", "2", "--batch", "1", "--threads", "1",
      ], ranks: ranks
    ).stdout
    #expect(said.contains("mAP") && said.contains("mean sigmoid of 2 views"))
    let bytes = try Data(contentsOf: URL(fileURLWithPath: report))
    return try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
  }

  @Test func aResumedRunHasTheSameBits() throws {
    let more = ["--batch", "4", "--keep-checkpoints", "0", "--checkpoint-every", "3"]
    _ = try run(arguments("whole", more), ranks: 2)
    let third = scratch("whole/checkpoints/step-00000003.h5")
    _ = try run(arguments("branch", more + ["--resume", third]), ranks: 2)
    let (a, b) = (try newest("whole"), try newest("branch"))
    #expect(a.header.position == b.header.position && a.header.position.step == 6)
    #expect(a.model == b.model && a.momentum == b.momentum)
  }

  @Test func preparedItTrainsToTheBit() throws {
    let prepare = [
      "prepare", clips, "--output", scratch("raw"), "--frames-format", "raw", "--shard-size", "0.1",
    ]
    let said = try run(prepare, ranks: 2).stdout
    #expect(said.contains("complete: 16 training and 8 validation clips"))
    try FileManager.default.removeItem(atPath: scratch("raw/shard-00001.h5"))
    _ = try run(prepare)
    _ = try run(arguments("on-videos", ["--epochs", "1"]))
    _ = try run(arguments("on-raw", ["--epochs", "1", "--data", scratch("raw")]))
    #expect(try losses("on-raw", steps: 4) == losses("on-videos", steps: 4))
    #expect(try newest("on-raw").header.isMultiLabel)
    #expect(try run(["check", scratch("raw")]).stdout.contains("prepared set, several labels"))
  }

  @Test func oneLabelAndSeveralAreNotMixedUp() throws {
    let one = scratch("labels.csv")
    _ = try run(arguments("one", ["--data", one, "--epochs", "1"]))
    let refused = try launch([
      "evaluate", "--checkpoint", scratch("one"), "--data", clips, "--threads", "1",
    ]).run()
    #expect(refused.status == 2 && refused.stderr.contains("was trained on one label a clip"))

    // A list of the same classes in which every clip has one.
    let rows = try scratch.text("several.csv").split(separator: "\n").dropFirst().enumerated().map {
      let fields = $1.split(separator: ",")
      return "\(fields[0]),\(fields[1].split(separator: "|")[$0 % 2]),\(fields[2])\n"
    }
    try scratch.write("single.csv", "path,label,split\n" + rows.joined())
    _ = try run(arguments("run", ["--epochs", "1"]))
    let mixed = try launch(arguments("run", ["--data", scratch("single.csv")])).run()
    #expect(mixed.status == 2 && mixed.stderr.contains("any number of labels a clip"), "\(mixed)")
    let frontier = try launch(["frontier"] + arguments("frontier", ["--targets", "0.6"])).run()
    #expect(frontier.status == 2 && frontier.stderr.contains("expected one label a clip"))
  }

  /// Mixing and smoothing are of clips with one label; there they train, and resume.
  @Test func mixedLabels() throws {
    let mixing = ["--mixup", "0.4", "--cutmix", "1", "--label-smoothing", "0.1"]
    let refused = try launch(arguments("refused", mixing)).run()
    #expect(
      refused.status == 2 && refused.stderr.contains("label-smoothing: expected one label a clip"),
      "\(refused)")
    let more =
      mixing + [
        "--data", scratch("labels.csv"), "--keep-checkpoints", "0", "--checkpoint-every", "3",
        "--crop", "resized", "--color-jitter", "0.4,0.4,0.4", "--no-flip",
      ]
    _ = try run(arguments("whole", more), ranks: 2)
    let third = scratch("whole/checkpoints/step-00000003.h5")
    _ = try run(arguments("branch", more + ["--resume", third]), ranks: 2)
    let (a, b) = (try newest("whole"), try newest("branch"))
    #expect(a.header.position == b.header.position && a.header.position.step == 6)
    #expect(a.model == b.model && a.momentum == b.momentum)
    // Of smoothed labels the loss stays above that of the best answer.
    #expect(try losses("whole", steps: 6).allSatisfy { $0 > 0.3 })
  }
}
