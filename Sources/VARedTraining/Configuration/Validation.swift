// Whether settings can be used, each by itself and beside the others.

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
    if let sides = scaleJitter?.shortSides, sides.lowerBound < size {
      throw ConfigurationError(
        key: "scale-jitter",
        "expected short sides from \(size) (--size) on, found \(sides.lowerBound)")
    }
    guard policy == .gates || network == .dynamic else {
      throw ConfigurationError(
        key: "policy",
        "expected gates for a fixed network, found \(policy.rawValue); leave it out, or "
          + "take --network dynamic")
    }
    guard syncBN || !reproducible else {
      throw ConfigurationError(
        key: "sync-bn",
        "expected true with --reproducible, as each rank's own statistics depend on how many ranks "
          + "there are; leave out --no-sync-bn")
    }
    guard syncBNRanks == 0 || syncBN && !reproducible else {
      throw ConfigurationError(
        key: "sync-bn-ranks",
        "expected 0 with \(syncBN ? "--reproducible, whose statistics are over all ranks" : "--no-sync-bn")"
          + ", found \(syncBNRanks)")
    }
    guard compress == .none || !reproducible else {
      throw ConfigurationError(
        key: "compress",
        "expected none with --reproducible, which sums gradients as whole numbers, found "
          + "\(compress.rawValue)")
    }
    guard costTable == nil || costUnit == .seconds else {
      throw ConfigurationError(
        key: "cost-table", "expected --cost-unit seconds beside it, found macs; leave it out")
    }
    guard policy != .random || targetRatio > 0 else {
      throw ConfigurationError(
        key: "target-ratio", "missing; --policy random needs the mean cost of its draws")
    }
  }

  /// Checks the ranges of some settings that other subcommands have, too.
  ///
  /// - Throws: `ConfigurationError` about the first one that is wrong.
  package func requireRange(_ keys: String...) throws {
    for setting in Setting.all where keys.contains(setting.key) && !setting.isValid(self) {
      throw ConfigurationError(
        key: setting.key,
        "expected \(setting.range ?? setting.expected), found \(setting.text(self) ?? "nothing")")
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
