// Runs that diverge: nothing that is not finite lasts, and what the program advises works.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedHDF5
import VARedNN

@testable import VARedTraining

@Suite(.serialized) struct DivergenceTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  private func network() throws -> VideoNetwork {
    var settings = TrainingConfiguration()
    (settings.width, settings.frames, settings.size, settings.gateHidden) = (0.125, 2, 16, 4)
    return try VideoNetwork(
      settings.networkConfiguration(classes: 2), batch: 1, seed: 1, threads: 1)
  }

  @Test func aFaultIsNamedAndNothingOfItStays() throws {
    let parameters = try network().parameters
    let optimizer = SGD(parameters, gateRate: 1)
    var guardian = StepGuard(
      parameters, momentum: optimizer.momentumBuffer, TrainingConfiguration())
    func fault(loss: Double = 1, rate: Double = 0.1) -> String? {
      guardian.fault(loss: loss, learningRate: rate, gradientScale: 1)
    }
    parameters.gradients.update(repeating: 0.5)
    guardian.begin()
    #expect(fault() == nil)
    #expect(fault(loss: .nan)?.contains("the loss") == true)
    // Backward met the later of the two first.
    for name in ["stem.0.weight", "layer2.0.conv1.0.1.bias"] {
      let entry = try #require(parameters.entries.first { $0.name == name })
      parameters.gradients[entry.offset] = -.infinity
    }
    #expect(fault() == "the gradient of layer2.0.conv1.0.1.bias is not finite")
    parameters.gradients.update(repeating: 1e30)
    #expect(fault() == nil)
    #expect(fault(rate: 1e8)?.hasSuffix("would overflow") == true)

    let before = Array(parameters.bufferValues)
    guardian.begin()
    let statistic = try #require(parameters.buffers.last)
    parameters.setBuffer(statistic, [Float](repeating: .nan, count: statistic.shape[0]))
    #expect(fault() == "\(statistic.name) is not finite")
    guardian.undo()
    #expect(Array(parameters.bufferValues) == before && fault() == nil)
  }

  /// The bounds that spare a look at all parameters never say that a step is safe which is not.
  @Test func boundsHoldOverManySteps() throws {
    let parameters = try network().parameters
    let optimizer = SGD(parameters, weightDecay: 1e-9, gateRate: 0.3)
    var settings = TrainingConfiguration()
    settings.weightDecay = 1e-9
    var guardian = StepGuard(parameters, momentum: optimizer.momentumBuffer, settings)
    parameters.gradients.update(repeating: 1e30)
    var taken = 0
    while guardian.fault(loss: 1, learningRate: 1e5, gradientScale: 1) == nil, taken < 1000 {
      optimizer.step(learningRate: 1e5, gradientScale: 1)
      taken += 1
    }
    #expect(taken > 3 && taken < 1000)
    #expect(parameters.largestMagnitudes(in: parameters.values).allSatisfy { $0.isFinite })
    let largest = parameters.largestMagnitudes(in: parameters.values).max() ?? 0
    #expect(largest > 1e36, "ended at \(largest), far from where floats end")
  }

  @Test(arguments: ["10", "100", "1000", "1e8"])
  func noCheckpointIsPoisonedAndTheAdviceWorks(rate: String) throws {
    let more = [
      "--learning-rate", rate, "--warmup-epochs", "0", "--epochs", "10", "--checkpoint-every", "1",
      "--max-bad-steps", "3",
    ]
    let result = try launch(arguments("run", more)).run()
    let folder = CheckpointFolder(path: scratch("run/checkpoints"))
    #expect(!folder.steps().isEmpty)
    for step in folder.steps() { try Checkpoint.read(folder.file(step: step)).requireFinite() }
    guard result.status != 0 else { return }
    #expect(result.status == 1 && result.stderr.contains("error: training diverged"), "\(result)")
    #expect(result.stdout.contains(" was undone, 3 in a row of at most 3: "), "\(result)")
    let undone = try objects("run").filter { $0["kind"] as? String == "step" }.suffix(3)
    #expect(undone.allSatisfy { $0["undone"] as? Bool == true })

    // The same command goes on from a checkpoint of finite numbers, or ends the same way.
    let again = try launch(arguments("run", more)).run()
    #expect(again.stdout.contains("resuming from"), "\(again)")
    let command = try #require(result.stderr.components(separatedBy: "learning rate: ").last)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(command)")
    #expect(scratch.exists("run-2/checkpoints/step-00000040.h5"), "\(command)")
  }

  /// Fewer steps than --max-bad-steps.
  @Test func aRunWithoutAStepThatWasTakenIsNoSuccess() throws {
    _ = try run(arguments("from", ["--epochs", "1"]))
    // Finite, but what is computed with it is not.
    try write(try newest("from"), scratch("large.h5"), "fc.weight") {
      $0.isMultiple(of: 2) ? 3e38 : -3e38
    }
    let more = ["--initialize", scratch("large.h5"), "--epochs", "1"]
    let result = try launch(arguments("run", more)).run()
    #expect(result.status == 1, "\(result)")
    #expect(result.stderr.contains("the last of 4 undone in a row"), "\(result)")
    #expect(CheckpointFolder(path: scratch("run/checkpoints")).steps().isEmpty)
  }

  @Test func allRanksEndTheSameWayAtTheFirst() throws {
    let more = ["--learning-rate", "1e9", "--warmup-epochs", "0", "--max-bad-steps", "0"]
    let result = try launch(arguments("run", more), ranks: 2).run()
    #expect(result.status == 1 && !result.timedOut, "\(result)")
    #expect(result.stderr.contains("training diverged: at step "), "\(result)")
    #expect(result.stderr.contains("mpirun -n 2 "), "\(result)")
  }

  @Test func theSoundCheckpointIsTheOneBeforeASoundStep() throws {
    let metrics = try MetricsFile(scratch("metrics.jsonl"), resumedAt: 0)
    #expect(metrics.isSound(limit: 7))
    for (step, loss, isUndone) in [(1, 0.7, false), (2, 3, false), (3, 80, false), (4, 1, true)] {
      var line = JSONLine()
      line.add("kind", "step")
      line.add("step", step)
      line.add("loss", loss)
      if isUndone { line.add("undone", true) }
      try metrics.append([line])
    }
    #expect(metrics.soundStep(among: [4, 3, 2, 1], limit: 7) == 1)
    #expect(metrics.soundStep(among: [4, 3, 2], limit: 7) == nil)
    #expect(!metrics.isSound(limit: 7))
  }

  /// Programs of before wrote such files.
  @Test func poisonedCheckpointsAreSkippedAndKept() throws {
    _ = try run(arguments("run", ["--checkpoint-every", "1", "--epochs", "1"]))
    let folder = CheckpointFolder(path: scratch("run/checkpoints"))
    let whole = try Checkpoint.read(folder.file(step: 4))
    // Finite, but what is computed with it is not.
    try write(whole, scratch("large.h5"), "fc.weight") { $0.isMultiple(of: 2) ? 3e38 : -3e38 }
    let evaluated = try run([
      "evaluate", "--checkpoint", scratch("large.h5"), "--data", clips, "--threads", "1",
    ]).stdout
    #expect(evaluated.contains("of 6 clips the logits are not numbers"), "\(evaluated)")
    #expect(evaluated.contains("top-5       0.0000"), "\(evaluated)")

    try write(whole, folder.file(step: 4), "fc.bias") { _ in .nan }
    for arguments in [
      arguments("branch", ["--resume", folder.file(step: 4)]),
      ["evaluate", "--checkpoint", folder.file(step: 4), "--data", clips],
    ] {
      let refused = try launch(arguments).run()
      #expect(
        refused.status == 2 && refused.stderr.contains("not finite (fc.bias, 1 tensors"),
        "\(refused)")
    }

    let resumed = try run(arguments("run", ["--epochs", "2"])).stdout
    #expect(resumed.contains("warning: skipping a checkpoint: ") && resumed.contains("(step 3)"))
    #expect(scratch.exists("run/checkpoints/step-00000004.h5.diverged"))
  }

  /// Writes a checkpoint with other values of one tensor.
  private func write(
    _ checkpoint: Checkpoint, _ path: String, _ poisoned: String, _ value: (Int) -> Float
  ) throws {
    let sealed = try SealedFile(path)
    try checkpoint.header.write(to: sealed.file)
    let sums = checkpoint.totals.stored
    try sealed.file.write("/training/epoch_totals", sums, shape: [sums.count])
    for (name, tensor) in checkpoint.model {
      let values = name == poisoned ? tensor.values.indices.map(value) : tensor.values
      try sealed.add("/model/\(name)", shape: tensor.shape) { values }
    }
    for (name, tensor) in checkpoint.momentum {
      try sealed.add("/optimizer/momentum/\(name)", shape: tensor.shape) { tensor.values }
    }
    try sealed.write(to: path)
  }
}
