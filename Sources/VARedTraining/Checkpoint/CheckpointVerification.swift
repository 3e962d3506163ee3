// `vared-train verify`: whether checkpoints are what was written, can be gone on from, and are the
// same as another.

import VARedNN

/// Checks checkpoints, one line each.
public struct CheckpointVerification {
  /// A line for every file: `PATH: good (…)`, or what is wrong with it.
  public private(set) var lines: [String] = []
  /// How many are not good.
  public private(set) var badCount = 0
  /// How many differ from what they were compared with.
  public private(set) var differingCount = 0

  /// Checks files: seal, numbers, names and shapes against the configuration that they hold.
  ///
  /// - Parameter paths: checkpoints, or folders of runs: all checkpoints in them, newest first.
  public init(_ paths: [String]) {
    for path in paths {
      let files = Checkpoint.files(path)
      for file in files { check(file) }
      if files.isEmpty { note(bad: "\(path): is a folder without checkpoints (step-NNNNNNNN.h5)") }
    }
  }

  /// Compares the newest whole checkpoint of each path with that of `other`, to the bit; a line for
  /// each.
  ///
  /// - Parameters:
  ///   - paths: checkpoints, or folders of runs.
  ///   - other: a checkpoint, or the folder of a run.
  public mutating func compare(_ paths: [String], with other: String) {
    do {
      let expected = try Checkpoint.find(other)
      for path in paths {
        let found = try Checkpoint.find(path)
        let comparison = CheckpointComparison(found, expected: expected)
        if !comparison.isEqual { differingCount += 1 }
        lines.append(
          comparison.isEqual
            ? "\(found.path): equal to \(expected.path) (\(comparison.datasetCount) datasets, "
              + "\(comparison.numberCount) numbers)"
            : "\(found.path): differs from \(expected.path): \(comparison.summary)")
      }
    } catch {
      note(bad: "\(error)".split(whereSeparator: \.isNewline).joined(separator: " "))
    }
  }

  private mutating func check(_ path: String) {
    do {
      let checkpoint = try Checkpoint.read(path)
      try checkpoint.requireFinite()
      let (header, position) = (checkpoint.header, checkpoint.header.position)
      let network = try VideoNetwork(
        header.configuration.networkConfiguration(
          classes: header.classes.count, seconds: header.seconds),
        batch: 1, seed: 0, threads: 1)
      let optimizer = SGD(network.parameters, gateRate: 1)
      try checkpoint.restore(
        into: network.parameters, momentum: optimizer.momentumBuffer,
        configuration: header.configuration)
      lines.append(
        "\(path): good (step \(position.step), \(checkpoint.model.count) tensors and "
          + "\(checkpoint.momentum.count) of momentum)")
    } catch {
      let line = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
      note(bad: line.hasPrefix(path) ? line : "\(path): \(line)")
    }
  }

  private mutating func note(bad line: String) {
    lines.append(line)
    badCount += 1
  }
}
