// Where a run with `cost-unit: seconds` has its seconds from.

import Foundation
import VARedData
import VARedDist
import VARedNN

/// Finds what candidates take: as the run that goes on has it, as a file says, or measured.
package enum CandidateMeasurement {
  /// How long a measurement goes on, in seconds.
  private static let duration = 2.0

  /// The same on all ranks; nil where costs are MACs, and where a signal came, of which the caller
  /// finds out. Collective; ends the job where rank 0 cannot read what it is to go by.
  ///
  /// - Throws: `MPIError`, `FileError`, `TrainingFailure`.
  static func seconds(_ setup: TrainingSetup) throws -> CandidateSeconds? {
    let (configuration, communicator) = (setup.configuration, setup.communicator)
    guard configuration.countsSeconds else { return nil }
    let known: CandidateSeconds? = communicator.together(status: ExitStatus.of) {
      communicator.rank == 0 ? try withoutMeasuring(configuration) : nil
    }
    if let told = try told(known, communicator) { return told }
    if communicator.rank == 0 {
      Terminal.say("measuring what candidates take on this machine")
      if configuration.reproducible {
        Terminal.say(
          "note: another start finds other seconds, and so another result; --cost-table with this "
            + "run's candidate-seconds.json repeats it")
      }
    }
    let own = try measured(setup).map(CandidateTable.text) ?? ""
    let tables = try communicator.gather(Array(own.utf8)) ?? []
    guard tables.allSatisfy({ !$0.isEmpty }) else { return try told(nil, communicator) }
    let all = try tables.map { try CandidateTable.parse(Data($0), of: "a rank's measurement") }
    let mean = CandidateSeconds.mean(all)
    guard mean != nil || all.isEmpty else {
      throw TrainingFailure(description: "ranks have measured different networks")
    }
    return try told(mean, communicator)
  }

  /// What rank 0 says; nil: nothing. Collective.
  private static func told(
    _ seconds: CandidateSeconds?, _ communicator: Communicator
  ) throws -> CandidateSeconds? {
    let text = seconds.map(CandidateTable.text) ?? ""
    let bytes = try communicator.broadcast(Array(text.utf8))
    return bytes.isEmpty ? nil : try CandidateTable.parse(Data(bytes), of: "rank 0's table")
  }

  /// What needs no measurement: a network that goes on keeps its candidates, whatever the machine.
  private static func withoutMeasuring(
    _ configuration: TrainingConfiguration
  ) throws -> CandidateSeconds? {
    if let checkpoint = try checkpoint(configuration) {
      return try checkpoint.seconds(for: configuration)
    }
    return try configuration.costTable.map { try table($0, for: configuration) }
  }

  /// A table that a person has given.
  ///
  /// - Parameters:
  ///   - path: candidate-seconds.json, or the folder of a run.
  ///   - configuration: whose network it has to be of.
  /// - Throws: `FileError`; `ConfigurationError` for the table of another network.
  package static func table(
    _ path: String, for configuration: TrainingConfiguration
  ) throws -> CandidateSeconds {
    let isFolder = CheckpointFolder.isFolder(path)
    let table = try CandidateTable.read(
      isFolder ? RunFolder(path: path).candidateSecondsFile : path)
    guard table.isOf(configuration.networkConfiguration(classes: 2)) else {
      throw ConfigurationError(
        key: "cost-table",
        "expected the seconds of \(name(configuration)), found those of \(name(table)); give "
          + "another, or leave it out to have them measured")
    }
    return table
  }

  private static func name(_ configuration: TrainingConfiguration) -> String {
    name(
      configuration.model, configuration.width, configuration.frames, configuration.size)
  }

  private static func name(_ table: CandidateSeconds) -> String {
    name(table.architecture, table.width, table.frames, table.size)
  }

  private static func name(
    _ model: Architecture, _ width: Double, _ frames: Int, _ size: Int
  ) -> String {
    "\(model.rawValue) of width \(width) at \(frames)x\(size)x\(size)"
  }

  /// What the run will go on from; nil: it starts afresh. Warnings are for who opens the run to
  /// say, unless it comes to nothing here.
  private static func checkpoint(_ configuration: TrainingConfiguration) throws -> Checkpoint? {
    var warnings: [String] = []
    do {
      let folder = RunFolder(path: configuration.output)
      return try folder.start(configuration.resume) { warnings.append($0) }.checkpoint
    } catch {
      warnings.forEach(Terminal.warn)
      throw error
    }
  }

  /// On this rank, beside the others: they share memory and caches as in training. Nil after a
  /// signal.
  private static func measured(_ setup: TrainingSetup) throws -> CandidateSeconds? {
    let (configuration, communicator) = (setup.configuration, setup.communicator)
    // One after the other: both at once may not fit where one does.
    func network(_ kind: NetworkKind) -> VideoNetwork {
      var settings = configuration
      settings.network = kind
      return communicator.together(status: ExitStatus.of) {
        try VideoNetwork(
          settings.networkConfiguration(classes: setup.dataset.classes.count),
          batch: configuration.batch, seed: UInt64(configuration.seed), threads: setup.threads)
      }
    }
    let isInterrupted = { !Signals.received.isEmpty }
    var draw = SplitMix64(mixing: UInt64(configuration.seed), 4)
    let clipFloats = 3 * configuration.frames * configuration.size * configuration.size
    let values = (0..<configuration.batch * clipFloats).map { _ in Float(4 * draw.unit() - 2) }
    func fixed() throws -> Double? {
      try network(.fixed).secondsPerClip(values, for: duration / 4, isInterrupted: isInterrupted)
    }
    // Before and after, whatever else the machine did meanwhile.
    // What a signal cuts short is built all the same: other ranks wait for that.
    func candidates(_ fixed: Double?) throws -> CandidateSeconds? {
      let network = network(.dynamic)
      return try fixed.flatMap {
        try network.measureCandidates(
          values, fixed: $0, for: duration, isInterrupted: isInterrupted)
      }
    }
    let before = try fixed()
    var table = try candidates(before)
    let after = try fixed()
    guard let before, let after else { return nil }
    if communicator.rank == 0 { warnIfBusy(before, after) }
    table?.fixed = min(before, after)
    return table
  }

  /// - Parameters:
  ///   - before: seconds of a clip in the fixed network before candidates were measured.
  ///   - after: the same after that.
  private static func warnIfBusy(_ before: Double, _ after: Double) {
    guard max(before, after) > 1.15 * min(before, after) else { return }
    let format =
      "warning: a clip took the fixed network %.4f s before candidates were measured and %.4f s after: "
      + "this machine has other work, and what is found does not hold without; start again when it "
      + "is quiet, or give --cost-table of a run that was"
    Terminal.warn(String(format: format, before, after))
  }

  /// What a person reads of it.
  static func lines(_ seconds: CandidateSeconds, _ setup: TrainingSetup) -> [String] {
    let configuration = setup.configuration
    let worth = seconds.layersWorthAGate
    let target =
      configuration.targetRatio > 0
      ? String(format: ", %.4f s at the target", seconds.fixed * configuration.targetRatio) : ""
    let lines = [
      "costs are in seconds: \(worth.all) of \(seconds.layers.count) convolutions are worth a gate, "
        + "\(worth.withAllCandidates) of them with all candidates; a clip takes the fixed network "
        + String(format: "%.4f s", seconds.fixed) + target
    ]
    guard seconds.batch != configuration.batch || seconds.threads != setup.threads else {
      return lines
    }
    return lines + [
      "note: these seconds are of batch \(seconds.batch) and \(seconds.threads) threads; this run has "
        + "\(configuration.batch) and \(setup.threads)"
    ]
  }
}
