// The one training loop.

import Foundation
import VARedData
import VARedDist
import VARedNN

/// How a run ended.
public enum TrainingEnd: Equatable, Sendable {
  /// All epochs are done.
  case finished
  /// A signal asked for an orderly end; a checkpoint was written.
  case stopped(Signals)

  /// Whether a person interrupted the run (Ctrl-C), as opposed to a scheduler.
  public var isInterruption: Bool {
    if case .stopped(let signals) = self { return signals.contains(.interrupt) }
    return false
  }
}

/// Trains a network over the ranks: every rank runs this loop, in step with the others.
final class Trainer {
  private let setup: TrainingSetup
  private let network: VideoNetwork
  private let optimiser: SGD
  private let buckets: GradientBuckets
  private let schedule: Schedule
  private let stages: TrainingStages
  private let policies: PolicyPlan
  private var steering: CostSteering
  private let watch: StallWatch
  /// Rank 0 only.
  private let log: RunLog?
  private var position: TrainingPosition
  private var totals: EpochTotals
  private var epochEndIsPending: Bool

  private var communicator: Communicator { setup.communicator }
  private var configuration: TrainingConfiguration { setup.configuration }

  init(
    _ setup: TrainingSetup, network: VideoNetwork, optimiser: SGD, policies: PolicyPlan,
    statistics: RankStatistics?, log: RunLog?, start: StartingPoint
  ) {
    self.setup = setup
    self.network = network
    self.optimiser = optimiser
    self.log = log
    position = start.position
    totals = start.totals
    epochEndIsPending = start.epochEndIsPending
    buckets = GradientBuckets(setup.communicator, gradients: network.parameters.gradients)
    schedule = setup.schedule
    stages = setup.stages
    self.policies = policies
    steering = setup.steering
    steering.memory = start.steering
    watch = StallWatch(setup.communicator, seconds: setup.configuration.stallTimeout)
    statistics?.watch = watch
  }

  /// Runs from the starting point to the end, to the end of the warm-up if `onlyWarmup`, or to a
  /// signal.
  ///
  /// - Throws: `DatasetError`, `FileError`, `TrainingFailure`, `MPIError`.
  func run(onlyWarmup: Bool = false) throws -> TrainingEnd {
    defer { watch.stop() }
    let end = onlyWarmup ? stages.warmupSteps : setup.totalSteps
    if epochEndIsPending, let signals = try finishEpoch() { return .stopped(signals) }
    while scheduleStep < end {
      if let signals = try trainEpoch(until: end) {
        try save()
        return .stopped(signals)
      }
      try save()
      guard position.epochStep == 0 else { break }
      if let signals = try finishEpoch() { return .stopped(signals) }
    }
    return .finished
  }

  /// After a whole run: what to say of a target that its gates did not come to; nil: nothing.
  var missedTarget: String? {
    let learned = configuration.network == .dynamic && configuration.policy == .gates
    return learned ? steering.missedTarget : nil
  }

  /// What is left of the present epoch, up to step `end` of the schedule. Returns the signals that
  /// interrupted it.
  private func trainEpoch(until end: Int) throws -> Signals? {
    if position.epochStep == 0 { totals = EpochTotals() }
    let epoch = position.epoch
    let loader = setup.trainingLoader(epoch: epoch, from: position.epochStep)
    defer { loader.stop() }
    var last = ContinuousClock.now
    while position.epoch == epoch && scheduleStep < end {
      watch.progress("decoding")
      let waited = ContinuousClock.now
      guard let batch = try loader.next() else { break }
      let dataSeconds = waited.duration(to: .now) / .seconds(1)
      var record = try step(batch, dataSeconds: dataSeconds)
      record.wallSeconds = last.duration(to: .now) / .seconds(1)
      last = .now
      try note(record, batch, epoch: epoch)
      // The end of an epoch writes its own checkpoint.
      if position.epoch > epoch { break }
      if !record.signals.isEmpty { return record.signals }
      let every = configuration.checkpointEvery
      if every > 0, position.step % every == 0 { try save() }
    }
    return nil
  }

  /// One optimiser step over all ranks.
  private func step(_ batch: ClipBatch, dataSeconds: Double) throws -> StepRecord {
    guard batch.count > 0 else {
      throw TrainingFailure(description: "the loader delivered an empty training batch")
    }
    watch.progress("forward and backward")
    let (place, stage) = (scheduleStep, stages.stage(step: scheduleStep))
    let progress = stages.jointProgress(step: place)
    if stage == .finetune && stages.stage(step: max(0, place - 1)) != stage {
      // Frozen gates read running statistics, which ranks have each their own of without --sync-bn.
      try network.parameters.broadcastStatistics(over: communicator)
    }
    network.policies = policies.training(
      stages, step: place, epoch: position.epoch, clips: batch.indices)
    let learns = configuration.network == .dynamic && network.policies == .gates
    let costWeight = learns ? steering.weight(progress: progress) : 0
    let outcome = try network.trainingStep(
      Clips(batch.clips, of: network.configuration.clip), labels: batch.labels,
      costWeight: Float(costWeight),
      gradientsReady: { try buckets.ready(from: $0) })
    watch.progress("all-reduce", waiting: true)
    let waited = try buckets.finish()
    let record = try StepRecord(
      outcome, costWeight: costWeight, badClips: batch.bad.count, dataSeconds: dataSeconds,
      allReduceSeconds: waited,
      over: communicator)
    try requireFinite(record)
    optimiser.step(
      learningRate: Float(learningRate), gradientScale: 1 / Float(communicator.size),
      gatesAreFrozen: stage != .joint)
    if learns {
      steering.observe(convRatio: record.convRatio, progress: progress)
    }
    return record
  }

  /// The step that comes next.
  private var scheduleStep: Int { position.scheduleStep(stepsPerEpoch: setup.stepsPerEpoch) }

  /// The learning rate of the step that comes next.
  private var learningRate: Double { schedule.learningRate(step: scheduleStep) }

  /// The stage of the last step.
  private var lastStage: TrainingStage { stages.stage(step: max(0, scheduleStep - 1)) }

  /// Writes down what a step found and moves on.
  private func note(_ record: StepRecord, _ batch: ClipBatch, epoch: Int) throws {
    let (rate, stage) = (learningRate, stages.stage(step: scheduleStep))
    position.advance(stepsPerEpoch: setup.stepsPerEpoch)
    totals.add(record)
    if record.badClips > 0 {
      let bad = try communicator.gatherBadClips(batch.bad)
      try log?.bad(bad ?? [], epoch: epoch + 1)
      try requireFewBad(totals.badClips, of: setup.dataset.count(.train), .train)
    }
    try log?.step(
      record, position: position, epoch: epoch + 1, learningRate: rate, stage: stage)
  }

  /// Evaluates where that is due and writes the epoch's record. Returns the signals that interrupted
  /// it; the epoch's checkpoint is on the disk already then.
  private func finishEpoch() throws -> Signals? {
    var result: EvaluationResult?
    if isEvaluationDue {
      try network.parameters.broadcastStatistics(over: communicator)
      var signals: Signals = []
      let found = try setup.evaluator().run(
        network, policies: { policies.evaluation(lastStage, clips: $0) },
        isInterrupted: {
          signals = try communicator.signalsOnAnyRank()
          return !signals.isEmpty
        }, progress: { watch.progress($0) })
      guard let found else { return signals }
      try log?.bad(found.bad, epoch: position.epoch)
      try requireFewBad(Double(found.result.badClips), of: setup.dataset.count(.val), .val)
      result = found.result
    }
    try log?.epoch(totals, position: position, result)
    log?.prune()
    return nil
  }

  private var isEvaluationDue: Bool {
    guard setup.dataset.count(.val) > 0 else { return false }
    let every = configuration.evaluateEvery
    return position.epoch == configuration.epochs || (every > 0 && position.epoch % every == 0)
  }

  private func save() throws {
    watch.progress("checkpoint")
    try log?.save(
      position, network.parameters, momentum: optimiser.momentumBuffer, totals: totals,
      stage: lastStage, steering: steering.memory)
  }

  /// All ranks see the same numbers; rank 0 speaks for them.
  private func requireFinite(_ record: StepRecord) throws {
    guard !record.loss.isFinite, communicator.rank == 0 else { return }
    throw TrainingFailure(
      description: "the loss is not a number at step \(position.step + 1): training diverged; "
        + "lower --learning-rate, or lengthen --warmup-epochs")
  }

  private func requireFewBad(_ bad: Double, of clips: Int, _ split: Split) throws {
    guard bad > configuration.maxBadClips * Double(clips), communicator.rank == 0 else { return }
    throw DatasetError(
      path: configuration.data,
      expected: "at most \(configuration.maxBadClips) of the \(split.rawValue) clips undecodable",
      found: "\(Int(bad)) of \(clips) bad so far in this epoch",
      remedy: "see \(configuration.output)/bad-clips.csv, or raise --max-bad-clips")
  }
}
