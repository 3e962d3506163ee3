// `vared-train verify-resume`: whether a run that was stopped and resumed is the run that was not.

import Foundation
import VARedDist
import VARedTraining

/// What is tried.
public struct ResumptionSettings {
  /// The settings of the run; without an output folder a temporary one is taken.
  public var training = TrainingConfiguration()
  /// Steps of each run, 2 or more; the one that is stopped is stopped half-way.
  public var steps = 6
  /// Ranks of the runs.
  public var ranks = 2
  /// Ranks that go on with half of a run, where it is reproducible; nil: the number nearest to
  /// `ranks` that the clips of a step can be shared out to.
  public var otherRanks: Int?
  /// The command that starts ranks, words with blanks between.
  public var launcher = "mpirun"

  /// The defaults.
  public init() {}
}

/// Trains a few steps straight, stopped and resumed, and resumed on other ranks, and compares the
/// checkpoints.
public struct ResumptionCheck {
  private let settings: ResumptionSettings
  private let folder: ResumptionFolder
  private let otherRanks: Int?
  private var table = TextTable([.left, .left])
  private var isEqual = true

  /// Carries the check out in processes of its own and prints a table.
  ///
  /// - Returns: whether all runs are equal, to the bit.
  /// - Throws: `ConfigurationError`, `FileError` for what a person can mend; `TrainingFailure`
  ///   where a run failed otherwise; ends the process after a signal.
  public static func run(_ settings: ResumptionSettings) throws -> Bool {
    try Launch.requireNoLauncher(for: "verify-resume")
    let otherRanks = try checked(settings)
    let folder = try ResumptionFolder(settings.training.output)
    do {
      var check = ResumptionCheck(settings: settings, folder: folder, otherRanks: otherRanks)
      try check.run()
      folder.end(keeping: !check.isEqual)
      return check.isEqual
    } catch is TrainingStart.Interrupted {
      folder.end(keeping: false)
      Launch.endOnSignals()
      throw TrainingFailure(description: "stopped by a signal")
    } catch {
      folder.end(keeping: error is TrainingFailure)
      throw error
    }
  }

  /// Refuses what cannot be tried.
  ///
  /// - Returns: the other number of ranks; nil: none is tried.
  private static func checked(_ settings: ResumptionSettings) throws -> Int? {
    var training = settings.training
    if training.output.isEmpty { training.output = "-" }
    try training.validate()
    try requireRange("steps", settings.steps, 2...1_000_000)
    try requireRange("ranks", settings.ranks, 1...4096)
    return try otherRanks(settings)
  }

  private static func requireRange(_ key: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard !range.contains(value) else { return }
    throw ConfigurationError(
      key: key,
      "expected a whole number from \(range.lowerBound) to \(range.upperBound), found \(value)")
  }

  /// Of a reproducible run, on how many other ranks it is tried; nil: on none.
  static func otherRanks(_ settings: ResumptionSettings) throws -> Int? {
    let clips = settings.ranks * settings.training.batch
    guard settings.training.reproducible else {
      guard settings.otherRanks == nil else {
        throw ConfigurationError(
          key: "other-ranks", "expected --reproducible with it; other runs depend on their ranks")
      }
      return nil
    }
    let others = (1...clips).filter { clips % $0 == 0 && $0 != settings.ranks }
    guard let given = settings.otherRanks else {
      func factor(_ ranks: Int) -> Double {
        Double(max(ranks, settings.ranks)) / Double(min(ranks, settings.ranks))
      }
      return others.reversed().min { factor($0) < factor($1) }
    }
    guard others.contains(given) else {
      throw ConfigurationError(
        key: "other-ranks",
        "expected other than --ranks \(settings.ranks), and a divisor of the \(clips) clips of a "
          + "step, found \(given)")
    }
    return given
  }

  private mutating func run() throws {
    let (steps, ranks) = (settings.steps, settings.ranks)
    let half = steps / 2
    var training = settings.training
    training.timeLimit = RunTimeLimit("none")
    let before = try firstStep()
    if training.resume == .auto { training.resume = .none }

    let straight = try train("straight", training, ranks: ranks, until: before + steps, of: steps)
    begin(straight)
    // What a run computes may depend on its threads; those of this one are everyone's.
    if training.resources.threads == 0 {
      training.resources.threads = straight.header.threads ?? 0
    }
    // What candidates take was measured once.
    if training.costUnit == .seconds, straight.header.seconds != nil {
      training.costTable = RunFolder(path: "\(folder.path)/straight").candidateSecondsFile
    }
    let middle = try train("stopped", training, ranks: ranks, until: before + half, of: half)
    if let otherRanks {
      var other = training
      other.resume = .path(middle.path)
      other.resources.batch = ranks * training.batch / otherRanks
      let end = try train(
        "other-ranks", other, ranks: otherRanks, until: before + steps, of: steps - half)
      add("\(Self.name(ranks)) to step \(before + half), then \(otherRanks)", end, straight)
    }
    training.resume = .auto
    let end = try train(
      "stopped", training, ranks: ranks, until: before + steps, of: steps - half)
    add("\(Self.name(ranks)), stopped after step \(before + half), resumed", end, straight)
    report(threads: straight.header.threads)
  }

  private static func name(_ ranks: Int) -> String { ranks == 1 ? "1 rank" : "\(ranks) ranks" }

  /// Steps that were done before: those of the checkpoint to begin with.
  private func firstStep() throws -> Int {
    guard case .path(let path) = settings.training.resume else { return 0 }
    return try Checkpoint.find(path).header.position.step
  }

  /// Trains `count` steps, up to step `end`, in a folder that is called `name`.
  private func train(
    _ name: String, _ training: TrainingConfiguration, ranks: Int, until end: Int, of count: Int
  ) throws -> Checkpoint {
    Terminal.say("training on \(Self.name(ranks)) up to step \(end): \(name)")
    var training = training
    training.output = "\(folder.path)/\(name)"
    training.stepLimit = count
    let start = TrainingStart(
      launcher: settings.launcher.split(separator: " ").map(String.init), ranks: ranks,
      configuration: training, settingsFile: "\(folder.path)/\(name).yaml",
      logFile: "\(folder.path)/\(name).log")
    if let failure = try start.run() {
      let words = "\(name): \(failure.reason)"
      guard failure.status != ExitStatus.mendable else { throw ConfigurationError(words) }
      throw TrainingFailure(
        description: "\(words) (status \(failure.status); see \(start.logFile))")
    }
    let checkpoint = try Checkpoint.find(training.output)
    let step = checkpoint.header.position.step
    guard step == end else {
      throw ConfigurationError(
        key: "steps",
        "expected at most the steps that the whole run has, found \(settings.steps) where the run "
          + "ends at step \(step); give more --epochs, or fewer --steps")
    }
    return checkpoint
  }

  private mutating func add(_ run: String, _ found: Checkpoint, _ expected: Checkpoint) {
    let comparison = CheckpointComparison(found, expected: expected)
    isEqual = isEqual && comparison.isEqual
    table.add([run, comparison.summary])
  }

  private mutating func begin(_ straight: Checkpoint) {
    let whole = CheckpointComparison(straight, expected: straight)
    table.add([
      "\(Self.name(settings.ranks)), \(settings.steps) steps straight",
      "\(whole.numberCount) numbers in \(whole.datasetCount) datasets",
    ])
  }

  private func report(threads: Int?) {
    Terminal.write(table.text)
    if otherRanks == nil {
      Terminal.say(
        "another number of ranks was not tried"
          + (settings.training.reproducible
            ? "" : ": the bits do not depend on it with --reproducible"))
    }
    let share = threads.map { ", with \($0) threads a rank" } ?? ""
    Terminal.say(isEqual ? "equal to the bit\(share)" : "NOT equal\(share); see \(folder.path)")
  }
}
