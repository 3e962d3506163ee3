// Where a run is: what a checkpoint has to remember beside the numbers of the network.

/// How far a run has come.
public struct TrainingPosition: Equatable, Sendable {
  /// Optimizer steps done.
  public var step = 0
  /// Epochs completed.
  public var epoch = 0
  /// Steps done in the epoch after those.
  public var epochStep = 0

  /// Steps, and epochs, that no run has more of: what is read from files is held against it, so
  /// that no sum or product of such numbers overflows.
  static let mostSteps = 1 << 40
  static let mostEpochs = 1 << 20
  /// Clips that no epoch has shown more of.
  static let mostClips = 0x1p53

  /// The start of a run.
  public init() {}

  /// A position within a run.
  public init(step: Int, epoch: Int, epochStep: Int) {
    self.step = step
    self.epoch = epoch
    self.epochStep = epochStep
  }

  /// The step that comes next, as schedules count: a run that goes on with other clips a step has
  /// done other steps, and is as far.
  func scheduleStep(stepsPerEpoch: Int) -> Int { epoch * stepsPerEpoch + epochStep }

  /// One more step; the last of an epoch's `stepsPerEpoch` completes the epoch.
  mutating func advance(stepsPerEpoch: Int) {
    step += 1
    epochStep += 1
    if epochStep == stepsPerEpoch {
      epoch += 1
      epochStep = 0
    }
  }

  /// This place where an epoch has `stepsPerEpoch` steps: an epoch that has fewer than were done
  /// of it, because there are more ranks or fewer clips than before, is complete.
  func fitted(stepsPerEpoch: Int) -> TrainingPosition {
    guard epochStep >= stepsPerEpoch else { return self }
    return TrainingPosition(step: step, epoch: epoch + 1, epochStep: 0)
  }

  /// The same place in the data when a step reads `now` clips, on `ranks` ranks, instead of
  /// `before`.
  ///
  /// The epoch goes on in the midst of the step that the place is in: that step reads what is left
  /// of it, as many clips on each rank, and the steps after it read what they always do. So no clip
  /// is shown twice, and fewer are left out than there are ranks; all of the step's where each rank
  /// would have fewer than `least`.
  ///
  /// - Returns: the place, and how many clips of its step are done already.
  func rescaled(
    clipsPerStep before: Int, to now: Int, ranks: Int, least: Int
  ) -> (position: TrainingPosition, done: Int) {
    let clips = epochStep * before
    var place = TrainingPosition(step: step, epoch: epoch, epochStep: clips / now)
    let done = clips % now
    guard done > 0, (now - done) / ranks < least else { return (place, done) }
    place.epochStep += 1
    return (place, 0)
  }
}
