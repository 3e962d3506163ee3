// What every step of a run does, decided in one place.

import Testing
import VARedNN

@testable import VARedTraining

@Suite struct StepPlanTests {
  /// 5 epochs of 2 steps: 4 of the warm-up, 4 joint, 2 of the fine-tuning.
  private func schedule(
    _ network: NetworkKind = .dynamic, policy: PolicyMode = .gates
  ) throws -> TrainingSchedule {
    var settings = TrainingConfiguration()
    (settings.network, settings.policy) = (network, policy)
    (settings.width, settings.frames, settings.size) = (0.0625, 2, 16)
    let built = try VideoNetwork(
      settings.networkConfiguration(classes: 2), batch: 1, seed: 1, threads: 1)
    let stages =
      network == .dynamic
      ? TrainingStages(warmupShare: 0.4, finetuneShare: 0.2, totalSteps: 10)
      : TrainingStages(warmupShare: 0, finetuneShare: 0, totalSteps: 10)
    return TrainingSchedule(
      learningRates: LearningRateSchedule(peak: 0.1, warmupSteps: 2, totalSteps: 10),
      stages: stages, policies: try PolicyPlan(settings, built),
      controller: CostController(weight: 2, target: nil, ramp: 0.5, steps: stages.jointSteps),
      temperatures: TemperatureSchedule(start: 2, end: 0.125), stepsPerEpoch: 2,
      hasGates: network == .dynamic)
  }

  private func plans(_ schedule: TrainingSchedule) -> [StepPlan] {
    var position = TrainingPosition()
    return (0..<10).map { _ in
      defer { position.advance(stepsPerEpoch: 2) }
      return schedule.plan(position, clips: [3, 5])
    }
  }

  @Test func aDynamicNetworkGoesThroughTheStages() throws {
    let plans = plans(try schedule())
    #expect(plans.map(\.step) == (0..<10).map { $0 })
    #expect(plans.map(\.epoch) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    let stages = [TrainingStage.warmup, .joint, .finetune]
    #expect(
      plans.map(\.stage) == zip(stages, [4, 4, 2]).flatMap { Array(repeating: $0, count: $1) })
    #expect(plans.filter(\.beginsStage).map(\.step) == [4, 8])
    #expect(plans.filter(\.freezesGates).map(\.step) == [8])
    #expect(plans.map(\.gatesAreFrozen) == plans.map { $0.stage != .joint })
    #expect(plans.map(\.costWeight) == [0, 0, 0, 0, 0, 1, 2, 2, 0, 0])
    #expect(plans[1].learningRate == 0.1 && plans[0].learningRate == 0.05)
    #expect(plans[4..<8].allSatisfy { $0.policies == .gates && $0.gatesLearn })
    #expect(plans[8].policies == .frozenGates && !plans[8].gatesLearn)
    #expect(plans.filter(\.gatesLearn).map(\.gateTemperature) == [2, 1, 0.5, 0.25])
  }

  @Test func onlyGatesThatLearnAreHeard() throws {
    let fixed = plans(try schedule(.fixed))
    #expect(fixed.allSatisfy { $0.stage == .joint && !$0.gatesLearn && $0.costWeight == 0 })
    let half = plans(try schedule(policy: .half))
    #expect(half[4...].allSatisfy { $0.policies == .fixed(temporal: 1, channel: 1) })
    #expect(half.allSatisfy { !$0.gatesLearn && $0.costWeight == 0 })

    var schedule = try schedule()
    let before = schedule.costMemory
    schedule.observe(ratio: 0.5, after: plans(schedule)[0])
    #expect(schedule.costMemory == before)
  }

  /// A checkpoint holds the stage of the step before it; a run that has not begun, that of its
  /// first.
  @Test func theStageBeforeAPosition() throws {
    let schedule = try schedule()
    #expect(schedule.stage(before: TrainingPosition()) == .warmup)
    #expect(schedule.stage(before: TrainingPosition(step: 4, epoch: 2, epochStep: 0)) == .warmup)
    #expect(schedule.stage(before: TrainingPosition(step: 5, epoch: 2, epochStep: 1)) == .joint)
    #expect(
      schedule.evaluationPolicies(TrainingPosition(step: 4, epoch: 2, epochStep: 0), clips: [0])
        == .full)
  }
}
