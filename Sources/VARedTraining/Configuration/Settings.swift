// The list of all settings, in the order of config.yaml.

import VARedNN

extension Setting {
  /// Settings that belong together, under one heading in config.yaml.
  struct Group: Sendable {
    let title: String
    let settings: [Setting]
  }

  static let groups: [Group] = [
    Group(
      title: "Data and output (paths are relative to where vared-train is started)", settings: files
    ),
    Group(title: "Network", settings: network),
    Group(title: "Clips", settings: clips),
    Group(title: "Optimisation", settings: optimisation),
    Group(title: "Adaptive computation (dynamic networks only)", settings: adaptation),
    Group(title: "Checkpoints and evaluation", settings: bookkeeping),
  ]

  static let all: [Setting] = groups.flatMap(\.settings)

  private static let files: [Setting] = [
    path("data", \.data),
    path("output", \.output),
    optionalPath("initialise", \.initialise),
  ]

  private static let network: [Setting] = [
    choice("model", \.model),
    number("width", \.width, "above 0 and at most 4") { $0 > 0 && $0 <= 4 },
    choice("network", \.network),
    whole("temporal-candidates", \.temporalCandidates, 1...4),
    whole("channel-candidates", \.channelCandidates, 1...4),
    choice("gate-form", \.gateForm),
    whole("gate-hidden", \.gateHidden, 1...1024),
    flag("motion-energy", \.motionEnergy),
  ]

  private static let clips: [Setting] = [
    whole("frames", \.frames, 1...256),
    whole("frame-stride", \.frameStride, 1...1024),
    whole("size", \.size, 16...1024),
    choice("augment", \.augment),
    choice("shuffle", \.shuffle),
    number("max-bad-clips", \.maxBadClips, "0 to 1") { $0 >= 0 && $0 <= 1 },
    whole("data-threads", \.dataThreads, 0...256),
  ]

  private static let optimisation: [Setting] = [
    whole("batch", \.batch, 1...4096),
    whole("epochs", \.epochs, 1...1_000_000),
    number("learning-rate", \.learningRate, "above 0") { $0 > 0 },
    number("warmup-epochs", \.warmupEpochs, "0 to 1000000") { $0 >= 0 && $0 <= 1e6 },
    number("momentum", \.momentum, "0 or more and below 1") { $0 >= 0 && $0 < 1 },
    number("weight-decay", \.weightDecay, "0 or more") { $0 >= 0 },
    flag("sync-bn", \.syncBN),
    whole("seed", \.seed, 0...1_000_000_000),
    whole("threads", \.threads, 0...1024),
    number("stall-timeout", \.stallTimeout, "seconds, 0 or more") { $0 >= 0 },
  ]

  private static let adaptation: [Setting] = [
    number("target-ratio", \.targetRatio, "0 (no target) to 1") { $0 >= 0 && $0 <= 1 },
    number("cost-weight", \.costWeight, "0 or more") { $0 >= 0 },
    choice("cost-form", \.costForm),
    number("cost-kappa", \.costKappa, "0.001 to 1000") { $0 >= 1e-3 && $0 <= 1e3 },
    number("cost-confidence", \.costConfidence, "0 to 1") { $0 >= 0 && $0 <= 1 },
    number("cost-power", \.costPower, "1 to 4") { $0 >= 1 && $0 <= 4 },
    number("cost-ramp", \.costRamp, "0 to 1") { $0 >= 0 && $0 <= 1 },
    number("gate-rate", \.gateRate, "0 or more") { $0 >= 0 },
    number("warmup-share", \.warmupShare, "0 to 1") { $0 >= 0 && $0 <= 1 },
    number("warmup-sampling", \.warmupSampling, "0 to 1") { $0 >= 0 && $0 <= 1 },
    number("finetune-share", \.finetuneShare, "0 to 1") { $0 >= 0 && $0 <= 1 },
    choice("policy", \.policy),
  ]

  private static let bookkeeping: [Setting] = [
    whole("checkpoint-every", \.checkpointEvery, 0...1_000_000_000),
    whole("keep-checkpoints", \.keepCheckpoints, 0...1_000_000),
    Setting(
      key: "resume", expected: "auto, none or the path of a checkpoint",
      read: { scalar, into in
        into.resume = ResumeMode(scalar.string)
        return true
      },
      isValid: { !$0.resume.text.isEmpty },
      text: { YAMLText.quoted($0.resume.text) }),
    whole("evaluate-every", \.evaluateEvery, 0...1_000_000),
    choice("views", \.views),
  ]
}

extension TrainingConfiguration {
  /// Checks every setting's range, and that data and output were given.
  ///
  /// - Throws: `ConfigurationError` about the first one that is wrong.
  public func validate() throws {
    if data.isEmpty { throw Self.missing("data", "the label file or HDF5 clips file") }
    if output.isEmpty { throw Self.missing("output", "the folder for checkpoints and metrics") }
    for setting in Setting.all where !setting.isValid(self) {
      throw ConfigurationError(
        key: setting.key, "expected \(setting.expected), found \(setting.text(self) ?? "nothing")")
    }
    guard warmupShare + finetuneShare < 1 else {
      throw ConfigurationError(
        key: "finetune-share",
        "expected below \(1 - warmupShare), so that --warmup-share leaves steps for gates to learn in, "
          + "found \(finetuneShare)")
    }
    guard policy == .gates || network == .dynamic else {
      throw ConfigurationError(
        key: "policy",
        "expected gates for a fixed network, found \(policy.rawValue); leave it out, or "
          + "take --network dynamic")
    }
    guard policy != .random || targetRatio > 0 else {
      throw ConfigurationError(
        key: "target-ratio", "missing; --policy random needs the mean cost of its draws")
    }
  }

  private static func missing(_ key: String, _ what: String) -> ConfigurationError {
    ConfigurationError(key: key, "missing; give \(what)")
  }

  /// Settings in which `other` differs, as (key, this value, other's value).
  package func differences(from other: TrainingConfiguration) -> [(
    key: String, here: String, there: String
  )] {
    Setting.all.compactMap { setting in
      let (here, there) = (setting.text(self), setting.text(other))
      return here == there ? nil : (setting.key, here ?? "unset", there ?? "unset")
    }
  }
}
