// What every step of a run does: learning rate, stage, policies and λ, decided in one place.

import VARedNN

/// Plans the steps of a run, one after the other (METHOD §4).
package struct TrainingSchedule {
  private let learningRates: LearningRateSchedule
  private let stages: TrainingStages
  private let policies: PolicyPlan
  private let temperatures: TemperatureSchedule
  private let stepsPerEpoch: Int
  /// Whether there are gates that λ could press on.
  private let hasGates: Bool
  private var controller: CostController

  /// A schedule whose λ goes on from `controller`'s memory.
  package init(
    learningRates: LearningRateSchedule, stages: TrainingStages, policies: PolicyPlan,
    controller: CostController, temperatures: TemperatureSchedule, stepsPerEpoch: Int,
    hasGates: Bool
  ) {
    self.learningRates = learningRates
    self.stages = stages
    self.policies = policies
    self.controller = controller
    self.temperatures = temperatures
    self.stepsPerEpoch = stepsPerEpoch
    self.hasGates = hasGates
  }

  /// Steps of the whole run.
  package var totalSteps: Int { learningRates.totalSteps }
  /// Steps of the warm-up.
  package var warmupSteps: Int { stages.warmupSteps }
  /// What λ remembers; part of a checkpoint.
  package var costMemory: CostController.Memory { controller.memory }
  /// After the joint stage: what to say of a target that gates did not come to; nil: nothing.
  package var missedTarget: String? {
    hasGates && policies.areOfGates ? controller.missedTarget : nil
  }

  /// How many steps lie before `position`.
  package func steps(before position: TrainingPosition) -> Int {
    position.scheduleStep(stepsPerEpoch: stepsPerEpoch)
  }

  /// The stage of the step before `position`.
  package func stage(before position: TrainingPosition) -> TrainingStage {
    stages.stage(step: max(0, steps(before: position) - 1))
  }

  /// The step at `position`, on the clips of these indices in the data.
  package func plan(_ position: TrainingPosition, clips: [Int]) -> StepPlan {
    let step = steps(before: position)
    let stage = stages.stage(step: step)
    let progress = stages.jointProgress(step: step)
    let source = policies.training(
      stage, warmupProgress: stages.warmupProgress(step: step), epoch: position.epoch, clips: clips)
    let learns = hasGates && source == .gates
    return StepPlan(
      step: step, epoch: position.epoch, stage: stage,
      beginsStage: stage != self.stage(before: position), jointProgress: progress,
      learningRate: learningRates.learningRate(step: step), policies: source,
      costWeight: learns ? controller.weight(progress: progress) : 0,
      gateTemperature: Float(temperatures.temperature(progress: progress)), gatesLearn: learns)
  }

  /// The policies of an evaluation of these clips after the step before `position`.
  package func evaluationPolicies(_ position: TrainingPosition, clips: [Int]) -> PolicySource {
    policies.evaluation(stage(before: position), clips: clips)
  }

  /// Takes in what a step executed, in the unit of the loss.
  package mutating func observe(ratio: Double, after plan: StepPlan) {
    if plan.gatesLearn { controller.observe(ratio: ratio, progress: plan.jointProgress) }
  }
}
