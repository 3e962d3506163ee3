// `vared-train train`, from the settings to the exit status.

import Foundation
import VARedDist
import VARedNN

/// The main job.
public enum TrainingRun {
  /// Trains as the settings say; every rank calls this. Ends the process when something fails.
  ///
  /// - Parameter settings: makes the settings; what it throws is reported once, by one rank.
  /// - Returns: how the run ended.
  public static func launch(_ settings: () throws -> TrainingConfiguration) -> TrainingEnd {
    Launch.beginJob()
    let communicator = Launch.communicator()
    let configuration = communicator.together(status: ExitStatus.of) {
      let configuration = try settings()
      try configuration.validate()
      return configuration
    }
    let end = communicator.endingJobOnFailure(status: ExitStatus.of) {
      try train(configuration, communicator)
    }
    communicator.finalize()
    return end
  }

  /// Trains; every rank calls this. Collective.
  ///
  /// - Parameter onlyWarmup: ends with the warm-up.
  /// - Throws: what the parts of a run throw.
  package static func train(
    _ configuration: TrainingConfiguration, _ communicator: Communicator, onlyWarmup: Bool = false
  ) throws -> TrainingEnd {
    Terminal.verbosity = configuration.verbosity
    if let end = try EarlyStop.look(communicator, configuration) { return end }
    let share = try communicator.threadShare()
    let shared = configuration.ranksPerStatistic(of: communicator.size)
    let statistics = shared > 1 ? RankStatistics(try RankGroup(communicator, of: shared)) : nil
    let setup = communicator.together(status: ExitStatus.of) {
      try TrainingSetup(configuration, communicator: communicator, threadShare: share)
    }
    try communicator.requireSame(configuration.yaml, "configuration")
    try communicator.requireSame(setup.dataset.fingerprint, "data set")
    let seconds = try CandidateMeasurement.seconds(setup)
    if configuration.countsSeconds, let end = try EarlyStop.look(communicator, configuration) {
      return end
    }
    let (network, policies) = communicator.together(status: ExitStatus.of) {
      let network = try makeNetwork(setup, statistics, seconds)
      return (network, try PolicyPlan(configuration, network))
    }
    // Gradients are summed in the engine's layout, which depends on the processor.
    try communicator.requireSame(
      "\(ChannelBlock.lanes) lanes, \(network.parameters.count) floats", "parameter layout")
    if let end = try EarlyStop.look(communicator, configuration) { return end }
    let optimizer = SGD(
      network.parameters, momentum: Float(configuration.momentum),
      weightDecay: Float(configuration.weightDecay), gateRate: Float(configuration.gateRate))
    let fresh = StartingPoint(costMemory: setup.controller(seconds).memory)
    let opened = communicator.together(status: ExitStatus.of) {
      communicator.rank == 0 ? try open(setup, network, optimizer, fresh) : nil
    }
    let start = try (opened?.start ?? fresh).broadcast(over: communicator)
    try network.parameters.broadcast(momentum: optimizer.momentumBuffer, over: communicator)
    let timeLimit = TimeLimit(
      configuration.timeLimit, start: Launch.start, checkpointBytes: 8 * network.parameters.count)
    timeLimit.summary().map { opened?.log.progress.say($0) }
    if let end = try EarlyStop.look(communicator, configuration, at: start) { return end }
    let trainer = try Trainer(
      setup, network: network, optimizer: optimizer,
      schedule: setup.schedule(policies, costMemory: start.costMemory, seconds: seconds),
      statistics: statistics, log: opened?.log, timeLimit: timeLimit, start: start)
    let end = try trainer.run(onlyWarmup: onlyWarmup)
    if end == .finished, !onlyWarmup, let missed = trainer.missedTarget {
      opened?.log.progress.conclude(missed)
    }
    if !onlyWarmup || end != .finished {
      opened?.log.progress.conclude(farewell(end, setup, opened?.log))
    }
    if let log = opened?.log, end == .finished, !onlyWarmup {
      RunSummary(configuration, log).lines.forEach(log.progress.say)
    }
    return end
  }

  private static func makeNetwork(
    _ setup: TrainingSetup, _ statistics: RankStatistics?, _ seconds: CandidateSeconds?
  ) throws -> VideoNetwork {
    let configuration = setup.configuration
    do {
      let network = try VideoNetwork(
        configuration.networkConfiguration(classes: setup.dataset.classes.count, seconds: seconds),
        batch: configuration.batch, seed: UInt64(configuration.seed), threads: setup.threads,
        statistics: statistics,
        clipsPerStep: configuration.reproducible
          ? configuration.batch * setup.communicator.size : nil)
      try network.requireTrainable(
        clipsPerStatistic: configuration.batch * (statistics?.ranks ?? 1))
      return network
    } catch let error as NetworkError {
      throw ConfigurationError(network: error)
    }
  }

  /// Rank 0's part: the folder, the checkpoint or initial weights, the log.
  private static func open(
    _ setup: TrainingSetup, _ network: VideoNetwork, _ optimizer: SGD, _ fresh: StartingPoint
  ) throws -> (log: RunLog, start: StartingPoint) {
    let configuration = setup.configuration
    let say = Terminal.say
    let folder = RunFolder(path: configuration.output)
    try folder.requireCheckpoints(configuration.resume)
    try folder.make()
    let lock = try FolderLock(folder.path, say: say)
    let seconds = network.configuration.seconds
    var start = fresh
    let clips = ClipRecord(setup.dataset)
    let checkpoint = try folder.prepare(configuration, say: say) { checkpoint in
      guard
        checkpoint.header.seconds == seconds || !configuration.countsSeconds
      else {
        throw FileError(
          path: checkpoint.path,
          "came while the seconds of candidates were measured, from another run in this folder; the "
            + "same command goes on from it")
      }
      try checkpoint.restore(
        into: network.parameters, momentum: optimizer.momentumBuffer, configuration: configuration)
      start = try checkpoint.startingPoint(setup)
      ResumeReport(checkpoint, setup, start, clips).lines.forEach(say)
      sayStage(checkpoint.header.stage, start.position, setup, say: say)
    }
    if checkpoint == nil, let weights = configuration.initialize {
      try InitialWeights.load(weights, into: network.parameters).lines(path: weights).forEach(say)
    }
    setup.summary(network).forEach(say)
    if let seconds {
      CandidateMeasurement.lines(seconds, setup).forEach(say)
      try AtomicFile.write(folder.candidateSecondsFile, text: CandidateTable.text(seconds))
    }
    setup.dataset.summary.notes(size: configuration.size).forEach { say("note: \($0)") }
    try folder.write(missing: setup.dataset.summary.missing)
    try clips.write(folder.clipRecordFile)
    let log = try RunLog(
      folder, lock, configuration, dataset: setup.dataset, ranks: setup.communicator.size,
      threads: setup.threads, seconds: seconds, stepsPerEpoch: setup.stepsPerEpoch,
      start: start.position, resumedFrom: checkpoint)
    let place = start.position
    // A run that branches off another one's checkpoint leaves that epoch's record to the other.
    let isOwn = checkpoint?.path.hasPrefix(folder.checkpoints.path + "/") ?? false
    start.epochEndIsPending =
      isOwn && place.epoch > 0 && place.epochStep == 0
      && !log.metrics.has("epoch", step: place.step)
    return (log, start)
  }

  /// Stages are shares of all steps, so a run made longer may find itself in an earlier one.
  private static func sayStage(
    _ before: TrainingStage, _ position: TrainingPosition, _ setup: TrainingSetup,
    say: (String) -> Void
  ) {
    guard setup.configuration.network == .dynamic else { return }
    let now = setup.stages.stage(
      step: position.scheduleStep(stepsPerEpoch: setup.stepsPerEpoch))
    let order = TrainingStage.allCases
    guard let last = order.firstIndex(of: before), let next = order.firstIndex(of: now), next < last
    else { return }
    say(
      "note: of \(setup.configuration.epochs) epochs this step belongs to the \(now.rawValue); it was "
        + "in the \(before.rawValue) before (--warmup-share and --finetune-share set the stages)")
  }

  private static func farewell(
    _ end: TrainingEnd, _ setup: TrainingSetup, _ log: RunLog?
  ) -> String {
    let folder = setup.configuration.output
    switch end {
    case .finished:
      let best = log?.metrics.bestStep.map { "; best evaluation at step \($0)" } ?? ""
      return "done: \(setup.configuration.epochs) epochs; results in \(folder)\(best)"
    case .stopped(let signals):
      let newest = log?.folder.checkpoints.steps().first.map(String.init) ?? "0"
      return "stopped by \(signals.names) with a checkpoint at step \(newest); "
        + "the same command goes on from there"
    }
  }
}
