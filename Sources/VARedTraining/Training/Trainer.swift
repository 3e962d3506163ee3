// The one training loop.

import Foundation
import VARedData
import VARedDist
import VARedNN

/// How a run ended.
public enum TrainingEnd: Equatable, Sendable {
  /// All epochs are done.
  case finished
  /// A signal, or the time limit, asked for an orderly end; what was done is in a checkpoint.
  case stopped(Signals)

  /// The process's exit status (`ExitStatus`).
  public var exitStatus: Int32 {
    if case .stopped(let signals) = self { return ExitStatus.of(signals) }
    return 0
  }
}

/// Trains a network over the ranks: every rank runs this loop, in step with the others.
final class Trainer {
  private let setup: TrainingSetup
  private let network: VideoNetwork
  private let optimizer: SGD
  private let buckets: GradientBuckets
  private var schedule: TrainingSchedule
  private let watch: StallWatch
  private let timeLimit: TimeLimit
  private let layers: LayerNames
  private let clock = StepClock()
  /// The host of each rank; on rank 0.
  private let hosts: [String]
  /// Rank 0 only.
  private let log: RunLog?
  private var position: TrainingPosition
  private var totals: EpochTotals
  /// What clips are dealt by; nil: they are taken in order.
  private var clipCosts: ClipCosts?
  private var epochEndIsPending: Bool
  /// Clips of the next step that were trained on before the run was resumed.
  private var clipsDone: Int
  private var stepGuard: StepGuard
  /// Steps undone since the last that was taken, by this process.
  private var badSteps = 0
  /// Steps done by this process.
  private var stepsSinceStart = 0

  private var communicator: Communicator { setup.communicator }
  private var configuration: TrainingConfiguration { setup.configuration }

  init(
    _ setup: TrainingSetup, network: VideoNetwork, optimizer: SGD, schedule: TrainingSchedule,
    statistics: RankStatistics?, log: RunLog?, timeLimit: TimeLimit, start: StartingPoint
  ) throws {
    self.timeLimit = timeLimit
    self.setup = setup
    self.network = network
    self.optimizer = optimizer
    self.schedule = schedule
    self.log = log
    position = start.position
    totals = start.totals
    clipCosts = start.clipCosts ?? setup.clipCosts
    epochEndIsPending = start.epochEndIsPending
    clipsDone = start.clipsDone
    let parameters = network.parameters
    buckets =
      try parameters.fixedPoint.map {
        try GradientBuckets(setup.communicator, fixedPoint: $0.sums)
      }
      ?? GradientBuckets(
        setup.communicator, gradients: parameters.gradients,
        compression: setup.configuration.compress)
    watch = StallWatch(setup.communicator, seconds: setup.configuration.stallTimeout)
    layers = LayerNames(network.parameters)
    hosts = try setup.communicator.gatherHosts()
    stepGuard = StepGuard(
      parameters, momentum: optimizer.momentumBuffer, setup.configuration)
    statistics?.watch = watch
    statistics?.buckets = buckets
    statistics?.clock = clock
  }

  /// Runs from the starting point to the end, to the end of the warm-up if `onlyWarmup`, or to a
  /// signal.
  ///
  /// - Throws: `DatasetError`, `FileError`, `TrainingFailure`, `MPIError`.
  func run(onlyWarmup: Bool = false) throws -> TrainingEnd {
    defer { watch.stop() }
    do {
      let end = try loop(onlyWarmup: onlyWarmup)
      try finishSaving()
      return end
    } catch {
      log?.wait()
      throw error
    }
  }

  /// Waits until the last checkpoint is on the disk; one that could not be written is tried again.
  private func finishSaving() throws {
    watch.progress("checkpoint")
    log?.wait()
    save()
    try log?.finish()
  }

  private func loop(onlyWarmup: Bool) throws -> TrainingEnd {
    let end = onlyWarmup ? schedule.warmupSteps : schedule.totalSteps
    if epochEndIsPending, let signals = try finishEpoch() { return .stopped(signals) }
    while schedule.steps(before: position) < end {
      let signals = try trainEpoch(until: end)
      save()
      if position.epochStep == 0, let signals = try finishEpoch() { return .stopped(signals) }
      guard schedule.steps(before: position) < end else { break }
      if let signals { return .stopped(signals) }
      guard position.epochStep == 0 else { break }
    }
    return .finished
  }

  /// After a whole run: what to say of a target that its gates did not come to; nil: nothing.
  var missedTarget: String? { schedule.missedTarget }

  /// What is left of the present epoch, up to step `end` of the schedule. Returns the signals that
  /// came meanwhile: with them it ends early, or they came at its end.
  private func trainEpoch(until end: Int) throws -> Signals? {
    if position.epochStep == 0, clipsDone == 0 {
      totals = EpochTotals()
      clipCosts?.beginEpoch()
    }
    try clipCosts?.share(over: communicator)
    let epoch = position.epoch
    let loader = setup.trainingLoader(
      epoch: epoch, from: position.epochStep, clips: clipsDone, costs: clipCosts?.known ?? [])
    defer { loader.stop() }
    clipsDone = 0
    clock.restart()
    while position.epoch == epoch && schedule.steps(before: position) < end {
      guard let batch = try fetch(loader) else { break }
      let plan = schedule.plan(position, clips: batch.indices)
      let outcome = try forwardAndBackward(batch, plan)
      try finishAllReduce()
      checkLimits()
      network.parameters.takeFixedPoint()
      let fault = stepGuard.fault(
        loss: outcome.loss, learningRate: plan.learningRate, gradientScale: gradientScale)
      let record = try sum(outcome, fault, batch, plan)
      try record.isUndone ? undo(fault) : take(record, plan)
      timeLimit.saw(stepSeconds: record.wallSeconds)
      timeLimit.saw(checkpointSeconds: log?.longestSaveSeconds ?? 0)
      try note(record, plan, batch)
      try requireFewUndone()
      // The end of an epoch writes its own checkpoint.
      if position.epoch > epoch { return record.signals.isEmpty ? nil : record.signals }
      if !record.signals.isEmpty { return record.signals }
      if isCheckpointDue { save() }
    }
    return nil
  }

  /// Call it once a step, before ranks agree on whether to stop.
  private func checkLimits() {
    timeLimit.check()
    stepsSinceStart += 1
    let limit = configuration.stepLimit
    if limit > 0, stepsSinceStart >= limit { Signals.note(.stepLimit) }
  }

  /// What makes the mean over all clips of the gradients' sums; in fixed point they are it already.
  private var gradientScale: Double {
    network.parameters.fixedPoint == nil ? 1 / Double(communicator.size) : 1
  }

  /// The next batch of this rank; nil: the epoch has no more.
  private func fetch(_ loader: ClipLoader) throws -> ClipBatch? {
    watch.progress("decoding", detail: loader.filesBeingRead)
    let batch = try clock.waiting(for: \.data) { try loader.next() }
    ClipWarnings.show(batch?.notes ?? [])
    return batch
  }

  /// Leaves this rank's gradients to the buckets, which begin to sum them while backward goes on.
  private func forwardAndBackward(_ batch: ClipBatch, _ plan: StepPlan) throws -> StepOutcome {
    guard batch.count > 0 else {
      throw TrainingFailure(description: "the loader delivered an empty training batch")
    }
    watch.progress("forward")
    if plan.freezesGates {
      try watch.waiting(in: "broadcast") {
        try clock.waiting(for: \.batchNorm) {
          try network.parameters.broadcastStatistics(over: communicator)
        }
      }
    }
    stepGuard.begin()
    network.policies = plan.policies
    network.dropout = setup.dropout(epoch: plan.epoch, clips: batch.indices)
    if plan.gatesLearn { network.gateTemperature = plan.gateTemperature }
    return try network.trainingStep(
      Clips(batch.clips, of: network.configuration.clip), targets: setup.targets(of: batch),
      costWeight: Float(plan.costWeight),
      forwardReaches: { watch.progress("forward", detail: layers.name(at: $0)) },
      gradientsReady: { offset in
        watch.progress("backward", detail: layers.name(before: offset))
        try buckets.ready(from: offset)
      })
  }

  /// Waits until all gradients are summed over the ranks.
  private func finishAllReduce() throws {
    watch.progress("all-reduce", waiting: true)
    _ = try clock.waiting(for: \.gradients) { try buckets.finish() }
  }

  /// The step over all ranks, whose end this is. Collective: where all ranks have just met, each
  /// sends rank 0 its seconds, and what its clips cost where that is to be known.
  ///
  /// - Parameter fault: what this rank found.
  private func sum(
    _ outcome: StepOutcome, _ fault: String?, _ batch: ClipBatch, _ plan: StepPlan
  ) throws -> StepRecord {
    let waited = clock.waited
    var record = try clock.waiting(for: \.gradients) {
      try StepRecord(
        outcome, isFaulty: fault != nil, badClips: batch.bad.count, waited: waited,
        scatter: network.scatter, over: communicator)
    }
    let seconds = clock.lap()
    record.wallSeconds = seconds.total
    var values = seconds.values
    if clipCosts != nil, plan.gatesDecide, !record.isUndone {
      for (clip, index) in batch.indices.enumerated() {
        values += [Double(index), Double(network.executedMACs(clip: clip))]
      }
    }
    guard let told = try clock.waiting(for: \.gradients, { try communicator.gather(values) })
    else { return record }
    record.rankTimes = RankTimes(told: told, per: values.count, hosts: hosts)
    for first in stride(from: 0, to: told.count, by: values.count) {
      clipCosts?.note(told[first..<first + values.count].dropFirst(StepSeconds.fields.count))
    }
    return record
  }

  /// The step itself.
  private func take(_ record: StepRecord, _ plan: StepPlan) {
    optimizer.step(
      learningRate: Float(plan.learningRate), gradientScale: Float(gradientScale),
      gatesAreFrozen: plan.gatesAreFrozen)
    schedule.observe(ratio: record.executedCost, after: plan)
    badSteps = 0
  }

  /// Leaves everything as it was before the step, on all ranks. Collective.
  ///
  /// - Parameter fault: what this rank found; another one may have found something else.
  private func undo(_ fault: String?) throws {
    stepGuard.undo()
    badSteps += 1
    let found = try clock.waiting(for: \.gradients) {
      try communicator.gather(Array((fault ?? "").utf8))
    }
    log?.undone(step: position.step + 1, found ?? [], inARow: badSteps)
  }

  /// Writes down what a step found and moves on.
  private func note(_ record: StepRecord, _ plan: StepPlan, _ batch: ClipBatch) throws {
    position.advance(stepsPerEpoch: setup.stepsPerEpoch)
    totals.add(record)
    if record.badClips > 0 {
      let bad = try clock.waiting(for: \.gradients) {
        try communicator.gatherBadClips(batch.bad)
      }
      log?.bad(bad ?? [], epoch: plan.epoch + 1)
      try requireFewBad(totals.badClips, of: setup.dataset.count(.train), .train)
    }
    log?.step(record, plan, position: position)
  }

  /// Evaluates where that is due and writes the epoch's record. Returns the signals that
  /// interrupted it; the epoch's checkpoint is on the disk already then.
  private func finishEpoch() throws -> Signals? {
    var result: EvaluationResult?
    if isEvaluationDue {
      try network.parameters.broadcastStatistics(over: communicator)
      var signals: Signals = []
      log?.progress.clear()
      var shown = setup.evaluator().passProgress("evaluation", on: .output)
      let found = try setup.evaluator().run(
        network, policies: { schedule.evaluationPolicies(position, clips: $0) },
        isInterrupted: {
          timeLimit.check()
          signals = try communicator.signalsOnAnyRank()
          return !signals.isEmpty
        },
        progress: { done in
          watch.progress("evaluation")
          shown?.show(done: done)
        })
      shown?.end()
      guard let found else { return signals }
      log?.bad(found.bad, epoch: position.epoch)
      try requireFewBad(Double(found.result.badClips), of: setup.dataset.count(.val), .val)
      log?.evaluation(
        found.result, bad: found.bad, step: position.step, fullMACs: network.fullMACs)
      result = found.result
    }
    log?.epoch(totals, position: position, result)
    log?.prune()
    return nil
  }

  private var isCheckpointDue: Bool {
    configuration.checkpointEvery > 0 && position.step % configuration.checkpointEvery == 0
  }

  private var isEvaluationDue: Bool {
    guard setup.dataset.count(.val) > 0 else { return false }
    let every = configuration.evaluateEvery
    return position.epoch == configuration.epochs || (every > 0 && position.epoch % every == 0)
  }

  private func save() {
    watch.progress("checkpoint")
    log?.save(
      position, network.parameters, momentum: optimizer.momentumBuffer, totals: totals,
      stage: schedule.stage(before: position), costMemory: schedule.costMemory,
      clipCosts: clipCosts)
  }

  /// All ranks have undone the same steps; rank 0 speaks for them. A run of which no step was taken
  /// has trained nothing, however few they were.
  private func requireFewUndone() throws {
    let isLast = schedule.steps(before: position) == schedule.totalSteps
    let most = isLast && badSteps == position.step ? 1 : max(1, configuration.maxBadSteps)
    guard badSteps >= most, let log else { return }
    log.wait()
    throw log.divergence(inARow: badSteps)
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
