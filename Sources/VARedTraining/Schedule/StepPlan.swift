// What is decided about a training step before it is taken.

import VARedNN

/// The facts of one step: network, optimizer and log are told the same.
package struct StepPlan: Equatable, Sendable {
  /// The step as schedules count, from 0.
  package let step: Int
  /// The epoch it is in, from 0.
  package let epoch: Int
  package let stage: TrainingStage
  /// Whether the step before, if there was one, was of another stage.
  package let beginsStage: Bool
  /// How much of the joint stage lies before the step, 0 to 1.
  package let jointProgress: Double
  package let learningRate: Double
  /// Where the policies of its clips come from.
  package let policies: PolicySource
  /// λ.
  package let costWeight: Double
  /// τ of sparsemax gates.
  package let gateTemperature: Float
  /// Whether gates decide and learn, so that λ hears what they executed.
  package let gatesLearn: Bool

  /// Whether the optimizer leaves the gates' parameters as they are.
  package var gatesAreFrozen: Bool { stage != .joint }
  /// Whether gates decide what is computed, so that a clip costs about what it did before.
  package var gatesDecide: Bool { policies == .gates || policies == .frozenGates }
  /// Whether frozen gates decide from this step on. They read running statistics, of which ranks
  /// have each their own without `--sync-bn`.
  package var freezesGates: Bool { beginsStage && stage == .finetune }
}
