// `vared-train bench` on a network that takes milliseconds.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport

@testable import VARedStudies
@testable import VARedTraining

@Suite struct BenchTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  private static let how = ["bench", "--threads", "1", "--iterations", "2"]
  private static let small = [
    "--width", "0.125", "--frames", "4", "--size", "16", "--batch", "2", "--gate-hidden", "8",
  ]

  private func reports(_ flags: [String]) throws -> [[String: Any]] {
    try run(Self.how + flags + ["--json"]).stdout.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  private func report(_ more: [String]) throws -> [String: Any] {
    let reports = try reports(Self.small + more)
    #expect(reports.count == 1)
    return try #require(reports.first)
  }

  private func macs(_ report: [String: Any], _ phase: String) throws -> Double {
    try #require((report[phase] as? [String: Any])?["forward_macs"] as? Double)
  }

  private func launch(_ more: [String]) throws -> LaunchResult {
    try launch(Self.how + Self.small + more).run()
  }

  @Test func loadingIsTimedWhereItIsAskedFor() throws {
    let flags = ["--data", clips, "--split", "train"]
    let loading = try #require(
      try report(flags + ["--loading", "50"])["loading"] as? [String: Any])
    #expect(loading["clips"] as? Int == 50 && loading["bad_clips"] as? Int == 0)
    let seconds = try #require(loading["core_seconds_per_clip"] as? Double)
    let rate = try #require(loading["clips_per_core_second"] as? Double)
    #expect(seconds > 0 && abs(seconds * rate - 1) < 1e-6)
    let text = try run(Self.how + Self.small + flags + ["--loading", "10"]).stdout
    #expect(text.contains("\nloading: ") && text.contains(" % of a training step, "))
    #expect(try report(flags)["loading"] == nil)
    let refused = try launch(["--loading", "10"])
    #expect(refused.status == 2 && refused.stderr.contains("--loading: expected --data"))
  }

  @Test func jsonAccountsForTheWholeStep() throws {
    let report = try report(["--network", "dynamic", "--policy", "half"])
    let train = try #require(report["train"] as? [String: Any])
    let seconds = try #require(train["seconds"] as? [String: Double])
    #expect(seconds.values.allSatisfy { $0 >= 0 })
    let kinds = [
      "convolution_forward", "convolution_backward_data", "convolution_backward_weights",
      "batch_norm", "cheap_operations", "optimizer", "other",
    ]
    for kind in kinds { #expect(try #require(seconds[kind]) > 0, "\(kind)") }
    #expect(try #require(train["clips_per_second"] as? Double) > 0)
    let inference = try #require(report["inference"] as? [String: Any])
    let inferenceSeconds = try #require(inference["seconds"] as? [String: Double])
    #expect(inferenceSeconds["convolution_backward_data"] == 0)
    #expect(try #require(report["peak_bytes"] as? Int) > 1 << 20)
    let layers = try #require(report["layers"] as? [[String: Any]])
    // The stem's two, 4 in each of 8 blocks, and 3 projections.
    #expect(layers.count == 37)
    let directions = try #require(layers[1]["directions"] as? [[String: Any]])
    #expect(directions.count == 3)
  }

  @Test func aForcedPolicyIssuesWhatItSays() throws {
    let full = try macs(report(["--policy", "full"]), "inference")
    #expect(try macs(report(["--policy", "half-frames"]), "inference") < full)
    // Without gates and with nothing to reconstruct, the dynamic network is the fixed one.
    #expect(try macs(report(["--network", "fixed"]), "inference") == full)
  }

  @Test func policiesThatTakeTurnsAreToldApart() throws {
    let policies = ["full", "half-frames", "random"]
    let together = try reports(Self.small + policies.flatMap { ["--policy", $0] })
    #expect(together.map { $0["policy"] as? String } == policies)
    for (policy, found) in zip(policies, together) {
      let alone = try report(["--policy", policy])
      for phase in ["train", "inference"] {
        #expect(try macs(found, phase) == macs(alone, phase), "\(policy) \(phase)")
        let steps = try #require((found[phase] as? [String: Any])?["step_seconds"] as? [Double])
        #expect(steps.count == 2 && steps.allSatisfy { $0 > 0 })
      }
    }
  }

  /// The conv ratio is a mean over many draws: 28 layers of each of the clips.
  @Test func randomCandidatesCostWhatIsAskedFor() throws {
    let flags = ["--policy", "full", "--policy", "random", "--temporal-candidates", "3"]
    let counted = try [[], ["--target-ratio", "0.9"], ["--target-ratio", "0.4"]].map { asked in
      let reports = try reports(Self.small + flags + asked)
      return try macs(reports[1], "inference") / macs(reports[0], "inference")
    }
    #expect(counted[2] < counted[0] && counted[0] < counted[1], "\(counted)")
    #expect(abs(counted[1] - 0.9) < 0.1 && abs(counted[2] - 0.4) < 0.15, "\(counted)")
  }

  /// Gates that were trained decide on the clips of a file as an evaluation of it says, in batches
  /// of the same size: a matrix product may round a row by how many rows there are.
  @Test func aCheckpointOnClips() throws {
    _ = try run(
      arguments(
        "run",
        ["--epochs", "2", "--target-ratio", "0.6", "--cost-weight", "40", "--batch", "6"]))
    let evaluation = try #require(try objects("run").last { $0["kind"] as? String == "evaluation" })
    let executed = try #require(evaluation["executed_gmacs"] as? Double) * 1e9
    let all = ["--checkpoint", scratch("run"), "--data", clips, "--batch", "6"]
    let reports = try reports(all + ["--policy", "gates", "--policy", "full"])
    #expect(abs(try macs(reports[0], "inference") - executed) < 1e-5 * executed)
    #expect(try macs(reports[1], "inference") != macs(reports[0], "inference"))
    for (flags, said) in [
      (["--batch", "7"], "--batch: expected at most the 6 clips of val"),
      (["--width", "1"], "--width: expected the checkpoint's 0.125, found 1.0"),
      (["--frames", "8"], "--frames: expected the checkpoint's 4, found 8"),
    ] {
      let result = try launch(Self.how + all + flags).run()
      #expect(result.status == 2 && result.stderr.contains(said), "\(flags): \(result)")
    }
  }

  /// A gate that learns takes the clips' statistics, and one clip has none.
  @Test func oneClip() throws {
    let flags = [
      "--width", "0.125", "--frames", "8", "--size", "32", "--batch", "1", "--policy", "full",
      "--policy", "gates",
    ]
    let reports = try reports(flags)
    #expect(reports[0]["train"] != nil && reports[1]["train"] == nil)
    #expect(reports.allSatisfy { $0["inference"] != nil })
  }

  @Test func theTableNamesEveryConvolution() throws {
    let result = try launch(["--network", "fixed"])
    #expect(result.stdout.contains("layer4.1.conv2.0.3"))
    #expect(result.stdout.contains("training step:"))
  }

  @Test(arguments: [
    (["--iterations", "0"], "--iterations: expected 1 to 10000, found 0"),
    (["--network", "fixed", "--policy", "half"], "--policy: expected a dynamic network"),
    (["--initialize", "x.h5"], "--initialize: expected none"),
    (["--checkpoint", "none/at/all"], "none/at/all"),
    (["--split", "train"], "--split: expected --data"),
    (["--data", "none.csv"], "none.csv"),
    (["--policy", "half", "--policy", "half"], "--policy: expected each once"),
    (["--size", "0"], "--size"),
    (["--target-ratio", "0.5"], "--target-ratio: expected --policy random"),
    (["--policy", "random", "--target-ratio", "1.5"], "--target-ratio: expected 0 (no"),
    (["--policy", "random", "--target-ratio", "nan"], "--target-ratio: expected 0 (no"),
    (["--policy", "random", "--target-ratio", "0.01"], "--target-ratio: expected at least"),
  ])
  func whatCannotBeTimedIsSaid(_ flags: [String], _ said: String) throws {
    let result = try launch(flags)
    #expect(result.status == 2)
    #expect(result.stderr.contains(said), "\(result)")
  }
}
