// A dynamic network of another architecture, trained through all stages and taken by every
// subcommand, none of which knows networks by name.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedHDF5

@testable import VARedStudies
@testable import VARedTraining

@Suite(.serialized) struct SecondNetworkTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  private func object(_ arguments: [String]) throws -> [String: Any] {
    let said = try run(arguments).stdout
    return try #require(try JSONSerialization.jsonObject(with: Data(said.utf8)) as? [String: Any])
  }

  @Test func everySubcommandTakesIt() throws {
    let model = ["--model", "x3d-m", "--dropout", "0.5"]
    let stages = [
      "--epochs", "5", "--warmup-share", "0.4", "--finetune-share", "0.2", "--target-ratio", "0.6",
    ]
    _ = try run(arguments("run", model + stages), ranks: 2)
    let steps = try objects("run").filter { $0["kind"] as? String == "step" }
    #expect(Set(steps.compactMap { $0["stage"] as? String }) == ["warm-up", "joint", "fine-tune"])

    let subject = ["--checkpoint", scratch("run"), "--threads", "1"]
    _ = try run(
      ["evaluate", "--data", clips, "--policies", "--report", scratch("e.json")] + subject)
    let read = try JSONSerialization.jsonObject(with: Data(try scratch.text("e.json").utf8))
    let evaluation = try #require(read as? [String: Any])
    let executed = try #require(evaluation["executed_gmacs"] as? Double) * 1e9

    let count = try object(["count"] + subject + ["--data", clips, "--json"])
    let total = (count["runs"] as? [[String: Any]])?.first { $0["name"] as? String == "data" }
    let macs = try #require((total?["total"] as? [String: Double])?["macs"])
    #expect(abs(macs - executed) < 1e-5 * executed)

    try timesAndFeatures(subject)
    try predictions(subject)
    _ = try run(["report", scratch("run"), "--output", scratch("report.html")])
    #expect(try scratch.text("report.html").contains("data-fact=\"conv-ratio\""))
    _ = try run(
      ["frontier"]
        + arguments(
          "f",
          model + [
            "--epochs", "1", "--targets", "0.7", "--baselines", "none", "--timing-rounds", "1",
          ]))
    #expect(try scratch.text("f/frontier.csv").contains("gates-0.7"))
  }

  private func timesAndFeatures(_ subject: [String]) throws {
    let policies = ["full", "half", "random", "gates"].flatMap { ["--policy", $0] }
    let bench = try run(["bench"] + subject + ["--iterations", "1", "--batch", "2"] + policies)
    #expect(bench.stdout.contains("res_blocks.6.branch2.conv_b"))
    let features = try object(["redundancy"] + subject + ["--data", clips, "--json"])
    // Three convolutions in each of 26 blocks.
    #expect((features["layers"] as? [Any])?.count == 78)
  }

  private func predictions(_ subject: [String]) throws {
    let values: [Float] = (0..<6144).map { Float(($0 &* 7919) % 1000) * 0.002 - 1 }
    let input = try HDF5File.create(scratch("in.h5"))
    try input.write("/clips", values, shape: [2, 3, 4, 16, 16])
    try input.close()
    let files = ["--input", scratch("in.h5"), "--output", scratch("out.h5")]
    _ = try run(["predict"] + subject + files)
    #expect(try HDF5File.open(scratch("out.h5")).names(in: "/gates").count == 78)
  }
}
