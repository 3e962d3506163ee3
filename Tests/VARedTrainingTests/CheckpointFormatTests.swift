// Checkpoints that earlier programs wrote: read, resumed from, evaluated, or refused with advice
// that works (Checkpoints/README.md).

import Foundation
import TestSupport
import Testing
import TrainingTestSupport

@testable import VARedTraining

@Suite(.serialized) struct CheckpointFormatTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  private func stored(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Checkpoints/\(name)").path
  }

  /// Flags of the runs that wrote the files.
  private func flags(_ output: String, _ more: [String]) -> [String] {
    arguments(output, ["--width", "0.015", "--learning-rate", "0.001", "--epochs", "4"] + more)
  }

  private static let adaptive = [
    "--gate-hidden", "1", "--gate-rate", "3000", "--target-ratio", "0.9", "--warmup-share", "0.1",
    "--finetune-share", "0.3",
  ]

  @Test func format2IsRead() throws {
    let checkpoint = try Checkpoint.read(stored("format-2.h5"))
    let header = checkpoint.header
    #expect(header.position == TrainingPosition(step: 6, epoch: 1, epochStep: 2))
    #expect(header.stage == .joint && header.seed == 1 && header.ranks == 1)
    #expect(header.classes == ["0", "1"])
    #expect(
      header.costMemory.stored == [1.2430909743192977, 0.9849495669893024, 0.995578323993887])
    #expect(header.configuration.width == 0.015 && header.configuration.gateRate == 3000)
    #expect(checkpoint.totals.clips == 8)
    #expect(checkpoint.model.count == 430 && checkpoint.momentum.count == 292)
  }

  /// The first step is the one that vared-train 0.1.0 took from here; later ones depend on how a
  /// processor rounds.
  @Test func trainingGoesOnFromFormat2() throws {
    let said = try run(
      flags("run", Self.adaptive + ["--resume", stored("format-2.h5")])
    ).stdout
    let notes = said.split(separator: "\n").filter { $0.hasPrefix("note: ") }
    #expect(
      said.contains("(step 6)") && notes.count == 2 && notes[0].contains("data is")
        && notes[1].contains("not that of an uninterrupted run"), "\(said)")
    let steps = try objects("run").filter { $0["kind"] as? String == "step" }
    #expect(steps.map { $0["step"] as? Int } == (7...16).map { $0 })
    let first = try #require(steps.first)
    expectClose([Float(first["loss"] as? Double ?? 0)], [1.7289866], rtol: 1e-4, "loss")
    expectClose([Float(first["conv_ratio"] as? Double ?? 0)], [0.96790624], rtol: 1e-4, "ratio")
  }

  @Test func format2IsEvaluated() throws {
    let report = scratch("report.json")
    _ = try run([
      "evaluate", "--checkpoint", stored("format-2.h5"), "--data", clips, "--threads", "1",
      "--report", report,
    ])
    let bytes = try Data(contentsOf: URL(fileURLWithPath: report))
    let numbers = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    #expect(numbers["step"] as? Int == 6 && numbers["top1"] as? Double == 0.5)
    let ratio = try #require(numbers["conv_ratio"] as? Double)
    #expect(abs(ratio - 0.9755476) < 1e-6)
  }

  @Test func format1IsRefusedWithAdviceThatWorks() throws {
    let old = stored("format-1.h5")
    let advice = "has format version 1; this program reads version 2 to 3; --initiali"
    for arguments in [
      ["inspect", old], ["evaluate", "--checkpoint", old, "--data", clips],
      flags("run", ["--network", "fixed", "--resume", old]),
    ] {
      let result = try launch(arguments).run()
      #expect(result.status == 2 && result.stderr.contains(advice), "\(result)")
    }
    let said = try run(
      flags("run", ["--network", "fixed", "--epochs", "1", "--initialise", old])
    ).stdout
    #expect(said.contains("187 of 187 tensors from"), "\(said)")
    #expect(abs(try losses("run", steps: 4)[0] - 0.67173755) < 1e-4)
  }
}
