// The stages of training: which step belongs where, how λ finds its target, and that whole runs go
// through them and can be interrupted in any.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedNN

@testable import VARedTraining

@Suite struct StageTests {
  @Test func stepsBelongToStages() {
    let stages = TrainingStages(warmupShare: 0.3, finetuneShare: 0.2, totalSteps: 20)
    let found = (0..<22).map { stages.stage(step: $0) }
    let expected: [TrainingStage] =
      Array(repeating: .warmup, count: 6) + Array(repeating: .joint, count: 10)
      + Array(repeating: .finetune, count: 6)
    #expect(found == expected)
    #expect(stages.jointProgress(step: 3) == 0)
    #expect(stages.jointProgress(step: 11) == 0.5)
    #expect(stages.jointProgress(step: 18) == 1)
  }

  @Test func stagesMayBeEmpty() {
    let joint = TrainingStages(warmupShare: 0, finetuneShare: 0, totalSteps: 5)
    #expect((0..<5).allSatisfy { joint.stage(step: $0) == .joint })
    let rounded = TrainingStages(warmupShare: 0.5, finetuneShare: 0.5, totalSteps: 3)
    #expect(rounded.jointSteps == 0)
    #expect(rounded.stage(step: 1) == .warmup && rounded.stage(step: 2) == .finetune)
    #expect(rounded.jointProgress(step: 2) == 1)
  }

  @Test func withoutATargetTheWeightIsRampedIn() {
    var controller = CostController(weight: 2, target: nil, ramp: 0.5, steps: 100)
    controller.observe(ratio: 0.1, progress: 0.2)
    #expect([0, 0.25, 0.5, 1].map { controller.weight(progress: $0) } == [0, 1, 2, 2])
    #expect(CostController(weight: 2, target: nil, ramp: 0, steps: 100).weight(progress: 0) == 2)
  }

  /// Sparsemax gates may close more than was asked for: λ then presses the other way.
  @Test func theWeightMayPressUpwards() {
    func weight(_ pressesUpwards: Bool, at ratio: Double) -> Double {
      var controller = CostController(
        weight: 0.8, target: 0.6, ramp: 0, steps: 1000, pressesUpwards: pressesUpwards)
      for _ in 0..<200 { controller.observe(ratio: ratio, progress: 0.5) }
      return controller.weight(progress: 0.5)
    }
    #expect(weight(false, at: 0.3) == 0 && weight(true, at: 0.3) < 0)
    #expect(weight(false, at: 0.7) == weight(true, at: 0.7) && weight(true, at: 0.7) > 0)
    // As hard as λ was set, however small its integral part has become.
    #expect(abs(weight(true, at: 0.3) + 0.8) < 1e-9)
    #expect(weight(true, at: 0.55) > weight(true, at: 0.5) && weight(true, at: 0.5) < 0)
  }

  /// In seconds gates that leave everything open take longer than the fixed network: the goal
  /// comes down from there, so that λ is not wound up before they could follow.
  @Test func theGoalStartsWhereGatesDo() {
    var controller = CostController(
      weight: 0.8, target: 0.7, ramp: 0.5, steps: 100, unit: .seconds, start: 1.4)
    #expect(controller.memory.ratio == 1.4 && controller.memory.earlierRatio == 1.4)
    #expect(controller.weight(progress: 0) == 0.8)
    controller.observe(ratio: 1.4, progress: 0)
    #expect(controller.memory.weight == 0.8)
    controller.observe(ratio: 1.4, progress: 0.25)
    #expect(controller.memory.weight > 0.8 && controller.weight(progress: 0.25) > 0.8)
    // Gates that were trained before: no slope from where they never were.
    controller.observe(ratio: 0.9, progress: 0)
    #expect(controller.memory.ratio == 0.9 && controller.memory.earlierRatio == 0.9)
  }

  /// A network whose ratio falls faster the larger λ is above some value, and rises below it.
  @Test(arguments: [0.4, 0.65, 0.9]) func theTargetIsReached(_ target: Double) {
    let steps = 500
    for balance in [0.1, 0.8, 6] {
      var controller = CostController(weight: 0.8, target: target, ramp: 0.5, steps: steps)
      var ratio = 1.0
      for step in 0..<steps {
        let progress = Double(step) / Double(steps)
        let weight = controller.weight(progress: progress)
        ratio = min(1, max(0.2, ratio - 0.01 * (weight / balance - 1)))
        controller.observe(ratio: ratio, progress: progress)
      }
      #expect(abs(controller.memory.ratio - target) < 0.03, "balance \(balance)")
      #expect(controller.missedTarget == nil)
    }
  }
}

@Suite(.serialized) struct StagedTrainingTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  @Test func aRunGoesThroughTheStages() throws {
    let more = ["--epochs", "5", "--warmup-share", "0.4", "--finetune-share", "0.2"]
    _ = try run(arguments("run", more), ranks: 2)
    let steps = try objects("run").filter { $0["kind"] as? String == "step" }
    let stages = steps.compactMap { $0["stage"] as? String }
    #expect(
      stages == Array(repeating: "warm-up", count: 4) + Array(repeating: "joint", count: 4)
        + Array(repeating: "fine-tune", count: 2))
    let weights = steps.compactMap { $0["cost_weight"] as? Double }
    #expect(weights[0..<4].allSatisfy { $0 == 0 } && weights[8...].allSatisfy { $0 == 0 })
    #expect(weights[4..<8].last == 0.8)
    // Some clips of the warm-up take random candidates; an evaluation then takes none.
    let ratios = steps.compactMap { $0["conv_ratio"] as? Double }
    #expect(ratios[0] == 1 && ratios[2..<4].contains { $0 < 1 })
    let evaluations = try objects("run").filter { $0["kind"] as? String == "evaluation" }
    #expect(evaluations[0]["conv_ratio"] as? Double == 1)
    #expect(try newest("run").header.stage == .finetune)
  }

  @Test func gatesStandStillOutsideTheJointStage() throws {
    let more = [
      "--epochs", "5", "--warmup-share", "0.4", "--finetune-share", "0.2", "--keep-checkpoints",
      "0", "--evaluate-every", "0",
    ]
    _ = try run(arguments("run", more), ranks: 2)
    func gates(_ step: Int) throws -> [String: Tensor] {
      let name = String(format: "run/checkpoints/step-%08d.h5", step)
      return try Checkpoint.read(scratch(name)).model.filter { $0.key.contains(".gate.") }
    }
    #expect(try gates(2) == gates(4))
    #expect(try gates(4) != gates(6))
    // What the momentum of the joint stage still moves is not a gate.
    #expect(try gates(8) == gates(10))
  }

  @Test(arguments: [
    ("normalised", "none", "r2plus1d-18"), ("sparsemax", "cost", "r2plus1d-18"),
    ("normalised", "none", "x3d-m"),
  ])
  func everyStageResumesToTheSameBits(
    _ form: String, _ balance: String, _ model: String
  ) throws {
    let more = [
      "--model", model, "--gate-form", form, "--balance", balance,
      "--epochs", "6", "--warmup-share", "0.34", "--finetune-share", "0.25", "--target-ratio",
      "0.6", "--motion-energy", "--cost-form", "saturating", "--checkpoint-every", "1",
      "--keep-checkpoints", "0", "--evaluate-every", "0",
    ]
    _ = try run(arguments("whole", more), ranks: 2)
    let whole = try newest("whole")
    let costs = whole.clipCosts ?? []
    #expect(costs.isEmpty == (balance == "none") && costs.contains { $0 > 0 } == !costs.isEmpty)
    for (step, stage) in [(2, TrainingStage.warmup), (6, .joint), (10, .finetune)] {
      let from = scratch(String(format: "whole/checkpoints/step-%08d.h5", step))
      #expect(try Checkpoint.read(from).header.stage == stage)
      _ = try run(arguments("from-\(step)", more + ["--resume", from]), ranks: 2)
      let resumed = try newest("from-\(step)")
      #expect(resumed.header.position == whole.header.position)
      #expect(resumed.header.costMemory == whole.header.costMemory)
      #expect(resumed.model == whole.model, "from step \(step)")
      #expect(resumed.momentum == whole.momentum, "from step \(step)")
      #expect(resumed.clipCosts == whole.clipCosts, "from step \(step)")
    }
  }

  @Test func aTargetThatWasMissedIsSaid() throws {
    let note = "note: the joint stage ended at a conv ratio of 1.00, not at --target-ratio 0.60"
    let more = ["--epochs", "1", "--gate-rate", "0", "--evaluate-every", "0"]
    let missed = try run(arguments("missed", more + ["--target-ratio", "0.6"]))
    #expect(missed.stdout.contains(note), "\(missed)")
    let untold = try run(arguments("none", more))
    #expect(!untold.stdout.contains("note: the joint stage"), "\(untold)")
  }

  @Test func aDropOfTheAnswersIsSaid() {
    func warning(
      _ now: Double, _ best: Double?, clips: Int = 142, checkpoint: String? = nil,
      target: Double = 0.6, _ form: GateForm = .sparsemax
    ) -> String {
      var (configuration, result) = (TrainingConfiguration(), EvaluationResult())
      (configuration.targetRatio, configuration.gateForm) = (target, form)
      (result.top1, result.clips) = (now, clips)
      return AccuracyDrop.warning(
        result, after: best.map { (30, $0) }, checkpoint: checkpoint, configuration) ?? ""
    }
    #expect(warning(0.459, 0.981).contains("top-1 of the validation clips was 0.981 at step 30"))
    #expect(
      warning(0.4, 0.9).hasSuffix(
        "start again with a higher --target-ratio, or a higher --gate-temperature"))
    #expect(warning(0.4, 0.9, target: 0, .normalized).hasSuffix("with a lower --cost-weight"))
    #expect(
      warning(0.4, 0.9, checkpoint: "a/b.h5", .normalized).hasSuffix(
        "go on from a/b.h5 (--resume, with another --output) with a higher --target-ratio"))
    #expect(warning(0.9, 0.981).isEmpty && warning(0.9, nil).isEmpty && warning(0.9, 0.7).isEmpty)
    // Of 25 clips three are chance.
    #expect(warning(0.4, 0.52, clips: 25).isEmpty && !warning(0.4, 0.52, clips: 1000).isEmpty)
  }

  /// Once, and with the checkpoint that was evaluated best.
  @Test func aRunSaysThatItsAnswersBroke() throws {
    let more = [
      "--warmup-share", "0", "--finetune-share", "0", "--learning-rate", "1e-6",
      "--keep-checkpoints", "0",
    ]
    let whole = try run(arguments("run", more))
    #expect(!whole.stderr.contains("at step"), "\(whole)")
    let first = try #require(
      try objects("run").first { $0["kind"] as? String == "epoch" }?["step"] as? Int)
    let lines = try scratch.text("run/metrics.jsonl").split(separator: "\n").map { line in
      line.replacing(
        line.contains("evaluation\",\"step\":\(first),") ? /"top1":[0-9.]+/ : /^$/,
        with: "\"top1\":1.0")
    }
    try scratch.write("run/metrics.jsonl", lines.map { $0 + "\n" }.joined())
    let best = scratch(String(format: "run/checkpoints/step-%08d.h5", first))
    let folder = try FileManager.default.contentsOfDirectory(atPath: scratch("run/checkpoints"))
    for file in folder where !best.hasSuffix(file) {
      try FileManager.default.removeItem(atPath: scratch("run/checkpoints/\(file)"))
    }
    let broken = try run(arguments("run", more))
    let said = broken.stderr.split(separator: "\n").filter {
      $0.contains("clips was 1.000 at step")
    }
    #expect(said.count == 1 && said[0].contains("go on from \(best)"), "\(broken)")
    // What it says to do can be done.
    _ = try run(arguments("other", more + ["--resume", best, "--target-ratio", "0.8"]))
  }

  @Test(arguments: [("half-frames", 0.5...0.62), ("random", 0.75...0.85)])
  func staticPolicies(_ policy: String, _ ratios: ClosedRange<Double>) throws {
    let more = ["--policy", policy, "--target-ratio", "0.8", "--epochs", "2"]
    _ = try run(arguments("run", more))
    let evaluations = try objects("run").filter { $0["kind"] as? String == "evaluation" }
    let ratio = try #require(evaluations.last?["conv_ratio"] as? Double)
    #expect(ratios.contains(ratio), "\(ratio)")
    let report = scratch("report.json")
    _ = try run([
      "evaluate", "--checkpoint", scratch("run"), "--data", clips, "--report", report,
    ])
    let json = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: report)))
    #expect((json as? [String: Any])?["conv_ratio"] as? Double == ratio)
  }

  @Test func aLongerRunSaysThatItIsInAnEarlierStageAgain() throws {
    _ = try run(arguments("run", ["--epochs", "2"]))
    let longer = try run(arguments("run", ["--epochs", "8"]))
    #expect(longer.stdout.contains("belongs to the warm-up; it was in the fine-tune"), "\(longer)")
  }

  @Test func stagesThatDoNotFitAreRefused() throws {
    let wrong = [
      (["--warmup-share", "0.7", "--finetune-share", "0.5"], "--finetune-share"),
      (["--policy", "random"], "--target-ratio"),
      (["--policy", "random", "--target-ratio", "0.01"], "--target-ratio"),
      (["--target-ratio", "1.5"], "--target-ratio"),
      (["--target-ratio", "0.05"], "--target-ratio: expected at least"),
      (["--cost-kappa", "0"], "--cost-kappa"),
      (["--network", "fixed", "--policy", "half"], "--policy"),
    ]
    for (flags, named) in wrong {
      let result = try launch(arguments("wrong", flags)).run()
      #expect(result.status == 2 && result.stderr.contains(named), "\(flags): \(result)")
    }
  }
}
