// The learning rate of every step, against PyTorch's schedulers.

import Testing

@testable import VARedTraining

@Suite struct ScheduleTests {
  /// `SequentialLR([LinearLR(1/4, 1, total_iters=3), CosineAnnealingLR(T_max=8)], [4])` of peak
  /// 0.05.
  @Test func equalsPyTorch() {
    let schedule = LearningRateSchedule(peak: 0.05, warmupSteps: 4, totalSteps: 12)
    let expected = [
      0.0125, 0.025, 0.037500000000000006, 0.05, 0.05, 0.04809698831278217, 0.04267766952966369,
      0.03456708580912725, 0.025, 0.015432914190872758, 0.0073223304703363135,
      0.0019030116872178317,
    ]
    for (step, rate) in expected.enumerated() {
      #expect(abs(schedule.learningRate(step: step) - rate) < 1e-15, "step \(step)")
    }
  }

  @Test func edges() {
    #expect(LearningRateSchedule(peak: 1, warmupSteps: 0, totalSteps: 4).learningRate(step: 0) == 1)
    let allWarmup = LearningRateSchedule(peak: 1, warmupSteps: 10, totalSteps: 4)
    #expect((0..<4).map(allWarmup.learningRate) == [0.25, 0.5, 0.75, 1])
    #expect(
      LearningRateSchedule(peak: 1, warmupSteps: 1, totalSteps: 3).learningRate(step: 9) < 1e-15)
  }

  @Test func positionsCountEpochs() {
    var position = TrainingPosition()
    for _ in 0..<7 { position.advance(stepsPerEpoch: 3) }
    #expect(position == TrainingPosition(step: 7, epoch: 2, epochStep: 1))
    let place = TrainingPosition(step: 9, epoch: 1, epochStep: 5)
    let half = place.rescaled(clipsPerStep: 4, to: 8, ranks: 2, least: 1)
    #expect(half.position == TrainingPosition(step: 9, epoch: 1, epochStep: 2) && half.done == 4)
    // 19 of 20 clips: the one that is left is too few for three ranks.
    let none = TrainingPosition(step: 19, epoch: 0, epochStep: 19)
      .rescaled(clipsPerStep: 1, to: 20, ranks: 3, least: 1)
    #expect(none.position == TrainingPosition(step: 19, epoch: 0, epochStep: 1) && none.done == 0)
  }

  /// 72 clips, 9 steps of 8, stopped after 8; with 4 times the ranks an epoch has 2 steps of 32.
  @Test func anEpochThatGotShorterIsComplete() {
    let place = TrainingPosition(step: 8, epoch: 0, epochStep: 8)
      .rescaled(clipsPerStep: 8, to: 32, ranks: 4, least: 1).position
    #expect(place.fitted(stepsPerEpoch: 2) == TrainingPosition(step: 8, epoch: 1, epochStep: 0))
    #expect(place.fitted(stepsPerEpoch: 3) == place)
  }
}
