// Two checkpoints held against each other, to the bit, and `verify --against`.

import Foundation
import Testing
import TrainingTestSupport

@testable import VARedTraining

@Suite(.serialized) struct CheckpointComparisonTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  /// A checkpoint of two parameters, after `step` steps.
  private func checkpoint(
    step: Int = 3, weight: [Float] = [0, 1, 2, 3, 4, 5], shape: [Int] = [3, 2],
    momentum: [Float] = [0.5], memory: [Double] = [1, 0.5, 0.25], seconds: Double = 1,
    loss: Double = 2,
    others: [String: Tensor] = [:]
  ) throws -> Checkpoint {
    var totals = EpochTotals()
    (totals.seconds, totals.loss) = (seconds, loss)
    let header = CheckpointHeader(
      position: TrainingPosition(step: step, epoch: 0, epochStep: step), stage: .joint,
      costMemory: try #require(CostController.Memory(stored: memory, unit: .macs)), ranks: 1,
      configuration: TrainingConfiguration(), classes: ["a", "b"])
    var model = others
    model["fc.weight"] = Tensor(shape: shape, values: weight)
    return Checkpoint(
      path: "a.h5", header: header, model: model,
      momentum: ["fc.weight": Tensor(shape: [1], values: momentum)], totals: totals, clipCosts: nil)
  }

  /// Datasets: step, epoch, epoch_step, one of the model, one of momentum, and two of training.
  @Test func equalButForTheSeconds() throws {
    let comparison = CheckpointComparison(
      try checkpoint(), expected: try checkpoint(seconds: 9))
    #expect(comparison.isEqual && comparison.summary == "equal")
    #expect(comparison.datasetCount == 7 && comparison.numberCount == 3 + 6 + 1 + 3 + 7)
  }

  @Test func theFirstElementThatDiffersIsNamed() throws {
    let expected = try checkpoint()
    func summary(_ found: Checkpoint) -> String {
      CheckpointComparison(found, expected: expected).summary
    }
    #expect(
      summary(try checkpoint(weight: [0, 1, 2, Float(3).nextUp, 4, 6]))
        == "/model/fc.weight[1,1] is 3.0000002, expected 3.0 (1 of 7 datasets differ)")
    #expect(summary(try checkpoint(weight: [-0.0, 1, 2, 3, 4, 5])).contains("[0,0] is -0.0"))
    #expect(
      summary(try checkpoint(shape: [2, 3])).contains("has the shape [2, 3], expected [3, 2]"))
    #expect(summary(try checkpoint(momentum: [0.25])).contains("momentum/fc.weight is 0.25"))
    #expect(
      summary(try checkpoint(memory: [1, 0.5, 0.75])).contains("/training/cost_steering[2] is 0.75")
    )
    #expect(summary(try checkpoint(loss: 3)).contains("/training/epoch_totals[2] is 3"))
    #expect(
      summary(try checkpoint(step: 4, momentum: [0.25]))
        == "step is 4, expected 3 (3 of 7 datasets differ)")
    let more = try checkpoint(others: ["fc.bias": Tensor(shape: [1], values: [0])])
    #expect(summary(more).contains("/model/fc.bias is not in the other (1 of 8"))
    #expect(
      CheckpointComparison(expected, expected: more).summary.contains("/model/fc.bias is not there")
    )
  }

  @Test func verifyAgainstAnother() throws {
    let more = ["--epochs", "1", "--network", "fixed"]
    _ = try run(arguments("a", more))
    _ = try run(arguments("same", more))
    _ = try run(arguments("other", more + ["--seed", "2"]))
    let same = try run(["verify", scratch("a"), "--against", scratch("same")])
    #expect(same.stdout.contains("step-00000004.h5: equal to \(scratch("same"))"), "\(same)")
    let other = try launch(
      ["verify", scratch("same"), scratch("other"), "--against", scratch("a")]
    ).run()
    #expect(other.status == 1, "\(other)")
    #expect(other.stdout.contains("\(scratch("same"))/checkpoints/step-00000004.h5: equal to"))
    #expect(other.stdout.contains("differs from \(scratch("a"))"), "\(other)")
    let missing = try launch(["verify", scratch("a"), "--against", scratch("none")]).run()
    #expect(missing.status == 2, "\(missing)")
  }
}
