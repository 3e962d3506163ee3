// `vared-train frontier`: accuracy against computation.

import ArgumentParser
import VARedStudies
import VARedTraining

struct Frontier: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains dynamic networks of several targets, and what to compare them with.",
    discussion: """
      All dynamic networks start from one warm-up. Beside them are trained: the fixed network, with as \
      many steps, and networks whose policy is one rule for every clip (--baselines). All are then \
      evaluated in turn.

        mpirun -n 2 vared-train frontier --data clips/labels.csv --output runs/frontier \
          --targets 0.3,0.45,0.6 --initialize runs/fixed --epochs 20

      In DIR of --output DIR: a folder for each network, frontier.csv (accuracy, executed MACs, \
      measured seconds) and frontier.svg, the picture. The same command, given again, goes on where it \
      stopped. Flags and settings are those of train.
      """)

  @Option(
    help: ArgumentHelp(
      "Values of --target-ratio, with commas between (default: 0.3,0.45,0.6).",
      valueName: "ratios"))
  var targets: String?

  @Option(
    help: ArgumentHelp(
      "Rules to compare with, with commas between: half-frames, half-channels, half, full, random (at "
        + "every target), or none (default: half-frames,half-channels,half,random).",
      valueName: "rules"))
  var baselines: String?

  @Option(
    help: ArgumentHelp(
      "How often the time of every network is measured; the median counts (default: 3).",
      valueName: "count"))
  var timingRounds: Int?

  @OptionGroup var training: TrainingOptions

  func run() throws {
    let end = FrontierTraining.launch {
      var settings = FrontierSettings()
      settings.training = try training.settings()
      if let targets {
        settings.targets = try Self.list(targets, "targets", "numbers", Double.init)
      }
      if let baselines {
        settings.baselines =
          baselines == "none"
          ? [] : try Self.list(baselines, "baselines", "rules", PolicyMode.init(rawValue:))
      }
      if let timingRounds { settings.timingRounds = timingRounds }
      return settings
    }
    if end.exitStatus != 0 { throw ExitCode(end.exitStatus) }
    try Launch.requireLogWritten()
  }

  private static func list<Value>(
    _ text: String, _ key: String, _ what: String, _ read: (String) -> Value?
  ) throws -> [Value] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      let word = part.trimmingPrefix(" ")
      guard let value = read(String(word)) else {
        throw ConfigurationError(
          key: key, "expected \(what) with commas between, found '\(word)' in '\(text)'")
      }
      return value
    }
  }
}
