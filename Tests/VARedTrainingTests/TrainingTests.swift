// Whole runs of the program on a small set: resuming, ranks, signals, full disks.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedHDF5

@testable import VARedTraining

@Suite(.serialized) struct TrainingTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  @Test func itSaysAsMuchAsIsAskedFor() throws {
    let flags = ["--epochs", "1"]
    let quiet = try run(arguments("quiet", flags + ["--verbosity", "quiet"])).stdout
    #expect(quiet.split(separator: "\n").count == 1 && quiet.contains("done: 1 epochs"), "\(quiet)")
    let steps = try objects("quiet").filter { $0["kind"] as? String == "step" }.count
    let verbose = try run(arguments("verbose", flags + ["--verbosity", "verbose"])).stdout
    #expect(verbose.split(separator: "\n").count { $0.contains("backward") } == steps, "\(verbose)")
    let normal = try run(arguments("normal", flags)).stdout
    for name in ["metrics.jsonl", "clips.csv", "checkpoints/step-0000000\(steps).h5"] {
      #expect(normal.contains(scratch("normal/\(name)")), "\(normal)")
    }
  }

  @Test func aRunWritesWhatIsDocumented() throws {
    let result = try run(arguments("run", ["--checkpoint-every", "3"]), ranks: 2)
    let records = try objects("run")
    let kinds = records.compactMap { $0["kind"] as? String }
    #expect(kinds == ["step", "step", "evaluation", "epoch"] * 3)
    #expect(
      Set(records[0].keys) == [
        "kind", "step", "epoch", "loss", "accuracy", "cost", "conv_ratio", "executed_gmacs",
        "cost_weight", "stage", "learning_rate", "clips_per_second", "seconds", "rank_seconds",
      ])
    #expect(
      Set((records[0]["seconds"] as? [String: Any] ?? [:]).keys)
        == ["data", "forward", "backward", "allreduce"])
    #expect(
      Set(records[2].keys) == [
        "kind", "step", "clips", "top1", "top5", "mean_class_accuracy", "conv_ratio",
        "conv_ratio_deviation",
        "executed_gmacs",
        "seconds_per_clip", "policies",
      ])
    var settings = TrainingConfiguration()
    try settings.read(yamlFile: scratch("run/config.yaml"))
    #expect(settings.batch == 4 && settings.width == 0.125 && settings.checkpointEvery == 3)
    #expect(try newest("run").header.position == TrainingPosition(step: 6, epoch: 3, epochStep: 0))
    #expect(result.stdout.contains("epoch 3/3 step 2/2 loss "), "\(result)")
    #expect(!scratch.exists("run/bad-clips.csv"))

    let again = try run(arguments("run", ["--checkpoint-every", "3"]), ranks: 2)
    #expect(again.stdout.contains("done: 3 epochs") && again.stdout.contains("step 6"))
    #expect(try objects("run").count == records.count)
  }

  @Test func aKilledRunResumesToTheSameBits() throws {
    let more = ["--checkpoint-every", "3", "--epochs", "8", "--keep-checkpoints", "0"]
    _ = try run(arguments("whole", more), ranks: 2)
    let killed = try launch(arguments("killed", more), ranks: 2).start()
    waitFor("killed/checkpoints/step-00000003.h5")
    let rank = try #require(firstChild(of: killed.processID))
    kill(rank, SIGKILL)
    let result = killed.wait()
    #expect(result.status != 0 && !result.timedOut, "\(result)")
    #expect(!scratch.exists("killed/checkpoints/step-00000016.h5"))
    let resumed = try run(arguments("killed", more), ranks: 2)
    #expect(resumed.stdout.contains("resuming from"), "\(resumed)")

    let (a, b) = (try newest("whole"), try newest("killed"))
    #expect(a.header.position == b.header.position && a.header.position.step == 16)
    #expect(a.model == b.model)
    #expect(a.momentum == b.momentum)
    #expect(try losses("whole", steps: 16) == losses("killed", steps: 16))
  }

  @Test func aSignalStopsInOrderAndTheRunGoesOn() throws {
    let more = ["--epochs", "200", "--evaluate-every", "0"]
    for (signal, name, status) in [(SIGUSR1, "SIGUSR1", Int32(75)), (SIGINT, "SIGINT", 130)] {
      let running = try launch(arguments(name, more)).start()
      #expect(running.waitForOutput("epoch 1/200 step 1/"))
      kill(running.processID, signal)
      let result = running.wait()
      #expect(result.status == status && !result.endedBySignal, "\(result)")
      #expect(result.stdout.contains("stopped by \(name) with a checkpoint at step"), "\(result)")
    }
    let stopped = try newest("SIGUSR1").header.position
    let running = try launch(arguments("SIGUSR1", more)).start()
    #expect(running.waitForOutput("(step \(stopped.step))"))
    #expect(running.waitForOutput(" step 4/4 loss"))
    kill(running.processID, SIGTERM)
    let result = running.wait()
    #expect(result.status == 75, "\(result)")
    let step = try newest("SIGUSR1").header.position.step
    #expect(step >= stopped.step)
    _ = try losses("SIGUSR1", steps: step)

    // mpirun forwards SIGUSR1; the ranks stop at the same step.
    let ranks = try launch(arguments("ranks", more), ranks: 2).start()
    #expect(ranks.waitForOutput("epoch 1/200 step 1/"))
    kill(ranks.processID, SIGUSR1)
    let stoppedRanks = ranks.wait()
    #expect(stoppedRanks.status == 75, "\(stoppedRanks)")
    #expect(stoppedRanks.stdout.contains("stopped by SIGUSR1"), "\(stoppedRanks)")
  }

  /// Two ranks add up in another order than one with twice the batch, and batch norm over few
  /// values amplifies rounding by an amount that the processor's kernels decide. So it is measured:
  /// what may differ is what other last bits of the first weights change. A small learning rate
  /// keeps the second step near the first; the momentum holds the gradients of both.
  @Test func twoRanksEqualOneWithTwiceTheBatch() throws {
    let more = [
      "--augment", "none", "--shuffle", "none", "--epochs", "1", "--warmup-epochs", "0",
      "--learning-rate", "1e-6", "--sync-bn",
    ]
    let twice = more + ["--batch", "8"]
    _ = try run(arguments("start", twice))
    _ = try run(arguments("one", twice + ["--initialise", scratch("start")]))
    let shaken = try [UInt32(1), 2, 3].map { seed in
      let weights = try shake(try newest("start").model, seed: seed)
      _ = try run(arguments("shaken\(seed)", twice + ["--initialise", weights]))
      return try newest("shaken\(seed)")
    }
    _ = try run(arguments("two", more + ["--initialise", scratch("start")]), ranks: 2)
    let (one, two) = (try newest("one"), try newest("two"))
    #expect(one.header.position == two.header.position && one.header.position.step == 2)
    for (of, what) in [(\Checkpoint.model, "value"), (\Checkpoint.momentum, "momentum")] {
      for (name, tensor) in one[keyPath: of] {
        expectWithinRounding(
          two[keyPath: of][name]?.values ?? [], tensor.values,
          shaken.map { $0[keyPath: of][name]?.values ?? [] }, "\(what) of \(name)")
      }
    }
    let series = try ["one", "two"].map { try losses($0, steps: 2).map { Float($0) } }
    expectClose(series[1], series[0], rtol: 1e-5, "losses")
  }

  /// Statistics of groups: of all ranks they are those of all, of one those of each.
  @Test func batchNormOverGroupsOfRanks() throws {
    func model(_ output: String, _ more: [String]) throws -> [String: Tensor] {
      _ = try run(arguments(output, ["--epochs", "1"] + more), ranks: 2)
      return try newest(output).model
    }
    let all = try model("all", ["--sync-bn"])
    #expect(try model("pair", ["--sync-bn-ranks", "2"]) == all)
    let own = try model("own", ["--no-sync-bn"])
    #expect(own != all)
    #expect(try model("alone", ["--sync-bn-ranks", "1"]) == own)
    let odd = try launch(arguments("odd", ["--sync-bn-ranks", "2"]), ranks: 3).run()
    #expect(
      odd.status == 2 && odd.stderr.contains("sync-bn-ranks: expected a number that 3 ranks"),
      "\(odd)")
  }

  /// A file of `model` with every value moved by 2 to 4 units in its last place, up or down.
  private func shake(_ model: [String: Tensor], seed: UInt32) throws -> String {
    let path = scratch("shaken-\(seed).h5")
    let file = try HDF5File.create(path)
    var noise = seed
    for (name, tensor) in model.sorted(by: { $0.key < $1.key }) {
      let values = tensor.values.map { value in
        noise = noise &* 1_664_525 &+ 1_013_904_223
        return value * (1 + (noise >> 31 == 0 ? 1 : -1) * 0x1p-22)
      }
      try file.write("/model/" + name, values, shape: tensor.shape)
    }
    try file.close()
    return path
  }

  /// Expects `values` to differ from `expected` by at most 16 times what the shaken ones do (4
  /// times was seen), beside a millionth of the largest, where they do not at all. A rank that is
  /// missing, or takes its statistics alone, is hundreds of times off.
  private func expectWithinRounding(
    _ values: [Float], _ expected: [Float], _ shaken: [[Float]], _ name: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let moved = shaken.map { largestDifference($0, expected) }.reduce(0, max)
    expectClose(
      values, expected, rtol: 1e-6, atol: 16 * moved, name, sourceLocation: sourceLocation)
  }

  private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
    zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test func anOutputWithARunIsNeverOverwritten() throws {
    _ = try run(arguments("run"))
    let before = try newest("run")
    let refused: [([String], String)] = [
      (["--resume", "none"], "holds a run already (newest checkpoint: step 12)"),
      (["--width", "0.25"], "--width is 0.125 in the checkpoint, 0.25 here"),
      (["--network", "fixed"], "--network is dynamic in the checkpoint, fixed here"),
      (
        ["--resume", scratch("run/checkpoints/step-00000004.h5")],
        "holds checkpoints up to step 12, newer than step 4"
      ),
    ]
    for (more, message) in refused {
      let result = try launch(arguments("run", more)).run()
      #expect(result.status == 2 && result.stderr.contains(message), "\(more): \(result)")
    }
    #expect(try newest("run").model == before.model)
    var settings = TrainingConfiguration()
    try settings.read(yamlFile: scratch("run/config.yaml"))
    #expect(settings.width == 0.125 && settings.resume == .auto)

    let branch = arguments(
      "branch", ["--resume", scratch("run/checkpoints/step-00000008.h5"), "--epochs", "3"])
    _ = try run(branch)
    #expect(try newest("branch").model == before.model)
  }

  @Test func badClipsAreNamedReplacedAndCounted() throws {
    _ = try run([
      "synthesize", "--output", scratch("set"), "--train", "1", "--val", "1", "--size", "32",
    ])
    let labels = try scratch.text("set/labels.csv").split(separator: "\n")
    let victim = try #require(labels.first { $0.hasSuffix(",train") }?.split(separator: ",").first)
    try scratch.write("set/\(victim)", "not a video")
    var flags = arguments(
      "run", ["--epochs", "2", "--batch", "5", "--frames", "2", "--size", "16"])
    flags[1] = scratch("set/labels.csv")
    let refused = try launch(flags, ranks: 2).run()
    #expect(refused.status == 2 && refused.stderr.contains("--max-bad-clips"), "\(refused)")
    #expect(refused.stderr.contains("1 of 10 bad"), "\(refused)")

    _ = try run(flags + ["--max-bad-clips", "0.2"], ranks: 2)
    let listed = try scratch.text("run/bad-clips.csv").split(separator: "\n")
    #expect(listed.count == 2 && listed[1].contains(victim), "\(listed)")
    let epochs = try objects("run").filter { $0["kind"] as? String == "epoch" }
    #expect(epochs.map { $0["bad_clips"] as? Int } == [1, 1])
    #expect(epochs.map { $0["clips"] as? Int } == [10, 10])
  }
}

/// `list * 3`: the list three times over.
private func * <Element>(list: [Element], times: Int) -> [Element] {
  (0..<times).flatMap { _ in list }
}
