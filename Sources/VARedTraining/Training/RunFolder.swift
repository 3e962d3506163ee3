// DIR of `--output DIR`: what lies where, and whether a run may start in it.

import Foundation
import VARedData

/// The folder of one run.
package struct RunFolder {
  package let path: String

  /// The folder at `path`, whether it is there or not.
  package init(path: String) { self.path = path }

  package var checkpoints: CheckpointFolder { CheckpointFolder(path: path + "/checkpoints") }
  package var configurationFile: String { path + "/config.yaml" }
  package var metricsFile: String { path + "/metrics.jsonl" }
  var logFile: String { path + "/log.txt" }
  package var badClipsFile: String { path + "/bad-clips.csv" }
  package var evaluationFile: String { path + "/evaluation.json" }
  package var clipsFile: String { path + "/clips.csv" }
  package var candidateSecondsFile: String { path + "/candidate-seconds.json" }
  var clipRecordFile: String { path + "/clips-digest.h5" }
  var missingClipsFile: String { path + "/missing-clips.csv" }

  /// Decides where the run starts, and writes config.yaml.
  ///
  /// Nothing of an earlier run is ever overwritten by another one: `--resume none` refuses a folder
  /// that holds a run, and `--resume PATH` one that is further than PATH.
  ///
  /// - Parameters:
  ///   - say: hears warnings and notes.
  ///   - restore: takes over the checkpoint to go on from; what it throws leaves the folder as it
  ///     was.
  /// - Returns: that checkpoint; nil: start afresh.
  /// - Throws: `FileError`, and what `restore` throws.
  func prepare(
    _ configuration: TrainingConfiguration, say: (String) -> Void,
    restore: (Checkpoint) throws -> Void
  ) throws -> Checkpoint? {
    let search = try start(configuration.resume, say: say)
    if let checkpoint = search.checkpoint {
      try restore(checkpoint)
      try checkpoints.tidy(after: search, say: say)
    }
    try AtomicFile.write(configurationFile, text: configuration.yaml)
    checkpoints.removePartial()
    return search.checkpoint
  }

  /// Makes the folder and what it holds checkpoints in, where they are not there yet.
  ///
  /// - Throws: `FileError`.
  package func make() throws {
    for folder in [path, checkpoints.path] {
      guard let reason = FolderMaking.make(folder) else { continue }
      throw FileError(path: folder, "\(reason); give another --output")
    }
  }

  /// Writes missing-clips.csv, or takes it away where nothing is missing any more.
  ///
  /// - Throws: `FileError`.
  func write(missing: [MissingClip]) throws {
    guard !missing.isEmpty else {
      unlink(missingClipsFile)
      return
    }
    let lines = missing.map { CSVRow([$0.split.rawValue, $0.path]).line }
    try AtomicFile.write(missingClipsFile, text: "split,path\n" + lines.joined())
  }

  /// Refuses, before `make`, a run whose folder of checkpoints was taken away: it is there before
  /// the first line of metrics. One that is empty may be of a run that could not write any yet.
  ///
  /// - Throws: `FileError`.
  func requireCheckpoints(_ mode: ResumeMode) throws {
    guard mode == .auto, !CheckpointFolder.isFolder(checkpoints.path),
      let step = try MetricsFile.lastEpochEnd(metricsFile)
    else { return }
    throw FileError(
      path: path,
      "holds a run of \(step) steps or more whose checkpoints are gone; put them back into "
        + "\(checkpoints.path), or give another --output")
  }

  /// What a run in this folder goes on from; nothing in it is changed.
  ///
  /// - Parameter say: hears warnings.
  /// - Throws: `FileError` if it cannot start here.
  func start(
    _ mode: ResumeMode, say: (String) -> Void
  ) throws -> CheckpointFolder.Search {
    let newest = checkpoints.steps().first
    switch mode {
    case .auto:
      let aside = newest == nil ? checkpoints.namesSetAside() : []
      guard aside.isEmpty else {
        throw FileError(
          path: path,
          "holds a run of which no checkpoint is left but those set aside (\(aside[0])); rename one "
            + "back, or give another --output")
      }
      if newest == nil, let step = try MetricsFile.lastEpochEnd(metricsFile) {
        say(
          "warning: \(path) has metrics up to step \(step) and no checkpoint: the run begins afresh, "
            + "its metrics are kept in \(metricsFile).before")
      }
      return try checkpoints.newest(warn: say)
    case .none:
      let hasMetrics = FileManager.default.fileExists(atPath: metricsFile)
      guard newest == nil, !hasMetrics else {
        let found = newest.map { "newest checkpoint: step \($0)" } ?? "no checkpoint yet"
        throw FileError(
          path: path,
          "holds a run already (\(found)); --resume auto continues it, "
            + "or give another --output")
      }
      return CheckpointFolder.Search()
    case .path(let file):
      let checkpoint = try Checkpoint.find(file, warn: say)
      try checkpoint.requireFinite()
      let step = checkpoint.header.position.step
      if let newest, newest > step {
        throw FileError(
          path: path,
          "holds checkpoints up to step \(newest), newer than step \(step) of \(file); "
            + "give another --output to branch off there")
      }
      return CheckpointFolder.Search(checkpoint: checkpoint)
    }
  }
}
