// What `vared-train frontier` compares.

import VARedNN
import VARedTraining

/// The runs of a frontier: dynamic networks of several targets, and what they are compared with.
public struct FrontierSettings: Sendable {
  /// Settings of all runs; `output` is the folder they lie in.
  public var training = TrainingConfiguration()
  /// Executed ratios to steer to (`targetRatio`), a dynamic network each.
  public var targets = [0.3, 0.45, 0.6]
  /// Rules that decide for every clip alike; `random` at every target.
  public var baselines: [PolicyMode] = [.halfFrames, .halfChannels, .half, .random]
  /// How often every network's time is measured; the median counts.
  public var timingRounds = 3

  /// The defaults.
  public init() {}

  /// Checks the settings, and those of all runs.
  ///
  /// - Throws: `ConfigurationError`.
  func validate() throws {
    func refuse(_ key: String, _ message: String) -> ConfigurationError {
      ConfigurationError(key: key, message)
    }
    try training.validate()
    guard training.network == .dynamic else {
      throw refuse("network", "expected dynamic; the fixed network is trained beside it")
    }
    guard training.policy == .gates else {
      throw refuse("policy", "expected gates, found \(training.policy.rawValue); see --baselines")
    }
    guard training.resume == .auto else {
      throw refuse("resume", "expected auto: every run goes on where it stopped")
    }
    guard training.targetRatio == 0 else {
      throw refuse("target-ratio", "expected none; give all of them with --targets")
    }
    guard training.warmupShare > 0 && training.warmupShare < 1 else {
      throw refuse(
        "warmup-share",
        "expected above 0 and below 1, what the runs share and what they do not; found "
          + "\(training.warmupShare)")
    }
    guard !targets.isEmpty, targets.allSatisfy({ $0 > 0 && $0 <= 1 }) else {
      throw refuse("targets", "expected numbers above 0 and at most 1, found \(targets)")
    }
    guard Set(targets).count == targets.count else {
      throw refuse("targets", "expected different numbers, found \(targets)")
    }
    guard Set(baselines).count == baselines.count else {
      throw refuse("baselines", "expected different rules, found \(baselines.map(\.rawValue))")
    }
    guard !baselines.contains(.gates) else {
      throw refuse("baselines", "expected rules other than gates, which are what is compared")
    }
    guard (1...1000).contains(timingRounds) else {
      throw refuse("timing-rounds", "expected 1 to 1000, found \(timingRounds)")
    }
  }

  /// The folder of the warm-up that all dynamic runs share.
  var warmupFolder: String { training.output + "/warm-up" }

  /// Every run but the warm-up, in the order in which they are trained.
  var runs: [FrontierRun] {
    var runs = [FrontierRun(name: "fixed", kind: .fixed, target: nil)]
    runs += targets.map { FrontierRun(name: "gates-\($0)", kind: .policy(.gates), target: $0) }
    for mode in baselines where mode != .random {
      runs.append(FrontierRun(name: mode.rawValue, kind: .policy(mode), target: nil))
    }
    if baselines.contains(.random) {
      runs += targets.map { FrontierRun(name: "random-\($0)", kind: .policy(.random), target: $0) }
    }
    return runs
  }

  /// The settings of `run`.
  func configuration(of run: FrontierRun) -> TrainingConfiguration {
    var settings = training
    settings.output += "/" + run.name
    switch run.kind {
    case .fixed: settings.network = .fixed
    case .policy(let mode):
      settings.policy = mode
      settings.targetRatio = run.target ?? 0
    }
    return settings
  }
}

/// One network of a frontier.
struct FrontierRun: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    case fixed
    case policy(PolicyMode)
  }

  /// Its folder's name.
  let name: String
  let kind: Kind
  /// The executed conv ratio asked for.
  let target: Double?

  /// How tables and files call its kind.
  var kindName: String {
    switch kind {
    case .fixed: "fixed"
    case .policy(let mode): mode.rawValue
    }
  }
}
