// `vared-train frontier`: accuracy against computation, from one warm-up.

import VARedData
import VARedDist
import VARedNN
import VARedTraining

/// Trains the runs of a frontier one after the other, measures them and writes them down.
public enum FrontierTraining {
  /// Every rank calls this. Ends the process when something fails.
  ///
  /// The dynamic networks and those of the static policies start from one warm-up, so they differ
  /// in what came after; the fixed network takes as many steps. Each run is a folder of its own,
  /// which `evaluate` and the other commands read, and goes on where it stopped.
  ///
  /// - Parameter settings: makes the settings; what it throws is reported once, by one rank.
  /// - Returns: how it ended.
  public static func launch(_ settings: () throws -> FrontierSettings) -> TrainingEnd {
    Launch.beginJob()
    let communicator = Launch.communicator()
    let settings = communicator.together(status: ExitStatus.of) {
      let settings = try settings()
      try settings.validate()
      return settings
    }
    let end = communicator.endingJobOnFailure(status: ExitStatus.of) {
      try train(settings, communicator)
    }
    communicator.finalize()
    return end
  }

  private static func train(
    _ settings: FrontierSettings, _ communicator: Communicator
  ) throws -> TrainingEnd {
    let isFirst = communicator.rank == 0
    func announce(_ text: String) { if isFirst { Terminal.say("== \(text)") } }
    let share = try communicator.threadShare()
    let setup = communicator.together(status: ExitStatus.of) {
      if isFirst { try requireSameExperiment(settings) }
      let setup = try TrainingSetup(
        settings.training, communicator: communicator, threadShare: share)
      try requireStages(settings, setup)
      if settings.training.costUnit == .macs { try requireReachable(settings, setup) }
      guard !setup.dataset.isMultiLabel else {
        throw ConfigurationError(
          key: "data",
          "expected one label a clip, found several; a frontier is drawn of top-1 accuracies")
      }
      return setup
    }
    announce("warm-up")
    var warmup = settings.training
    warmup.output = settings.warmupFolder
    let end = try TrainingRun.train(warmup, communicator, onlyWarmup: true)
    guard end == .finished else { return end }
    if settings.training.costUnit == .seconds {
      // What candidates take is known from the warm-up on.
      communicator.together(status: ExitStatus.of) {
        let warmup = try Checkpoint.find(settings.warmupFolder)
        try requireReachable(settings, setup, warmup.header.seconds)
      }
    }
    let runs = settings.runs
    for (number, run) in runs.enumerated() {
      announce("\(run.name) (\(number + 1) of \(runs.count))")
      let configuration = communicator.together(status: ExitStatus.of) {
        try branching(settings, run)
      }
      let end = try TrainingRun.train(configuration, communicator)
      guard end == .finished else { return end }
    }
    announce("measuring")
    guard let points = try FrontierMeasurement(settings, setup).measure(runs) else {
      if isFirst { Terminal.say("stopped; the same command measures again") }
      return .stopped(try communicator.signalsOnAnyRank())
    }
    guard isFirst else { return .finished }
    let report = FrontierReport(points: points)
    Terminal.write(report.table)
    let base = settings.training.output + "/frontier"
    try AtomicFile.write(base + ".csv", text: report.csv)
    try AtomicFile.write(base + ".svg", text: report.figure.svg)
    Terminal.say("\(base).csv and \(base).svg")
    return .finished
  }

  /// Refuses a folder whose runs were trained with other settings: they would not be comparable.
  private static func requireSameExperiment(_ settings: FrontierSettings) throws {
    var warmup = settings.training
    warmup.output = settings.warmupFolder
    for configuration in [warmup] + settings.runs.map(settings.configuration) {
      let folder = RunFolder(path: configuration.output).checkpoints
      guard let before = try folder.newestWhole(warn: Terminal.warn)?.header.configuration else {
        continue
      }
      let differences = before.differences(from: configuration).filter {
        !Checkpoint.bookkeepingKeys.contains($0.key) && $0.key != "threads"
      }
      guard let (key, there, here) = differences.first else { continue }
      throw FileError(
        path: configuration.output,
        "was trained with \(key) \(there), found \(here) here; give another --output")
    }
  }

  /// Before the first step: whether there is something to evaluate, and a warm-up.
  private static func requireStages(_ settings: FrontierSettings, _ setup: TrainingSetup) throws {
    guard setup.dataset.count(.val) > 0 else {
      throw DatasetError(
        path: settings.training.data, expected: "validation clips", found: "none",
        remedy: "mark some as val")
    }
    guard setup.stages.warmupSteps > 0, setup.stages.jointSteps > 0 else {
      throw ConfigurationError(
        key: "warmup-share",
        "expected steps both for the warm-up and after it, found \(setup.stages.warmupSteps) and "
          + "\(setup.stages.jointSteps); train for more epochs")
    }
  }

  /// Whether every target can be reached.
  ///
  /// - Parameter seconds: what candidates take, where costs are in seconds.
  private static func requireReachable(
    _ settings: FrontierSettings, _ setup: TrainingSetup, _ seconds: CandidateSeconds? = nil
  ) throws {
    let network = try VideoNetwork(
      settings.training.networkConfiguration(
        classes: setup.dataset.classes.count, seconds: seconds),
      batch: 1, seed: 0, threads: 1)
    for target in settings.targets {
      try PolicyPlan.tilt(for: target, network, key: "targets")
      try PolicyPlan.requireReachable(target, network, key: "targets")
    }
  }

  /// The settings of a run: a new one of a dynamic network begins where the warm-up ended.
  private static func branching(
    _ settings: FrontierSettings, _ run: FrontierRun
  ) throws -> TrainingConfiguration {
    var configuration = settings.configuration(of: run)
    let folder = RunFolder(path: configuration.output).checkpoints
    guard run.kind != .fixed, folder.steps().isEmpty else { return configuration }
    configuration.resume = .path(try Checkpoint.find(settings.warmupFolder).path)
    return configuration
  }
}
