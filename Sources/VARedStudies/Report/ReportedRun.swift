// A run's folder as a report reads it.

import Foundation
import VARedData
import VARedTraining

/// What a run wrote.
struct ReportedRun {
  /// A clip that could not be decoded.
  struct BadClip {
    let split: String
    let path: String
    let reason: String
  }

  /// As the command line names it.
  let name: String
  let configuration: TrainingConfiguration
  let metrics: RunMetrics
  let evaluation: EvaluationNumbers
  let clips: [ClipTable.Row]
  let badClips: [BadClip]

  /// Reads the folder of a run.
  ///
  /// - Throws: `FileError` about what is missing or broken, with what to do.
  init(path: String) throws {
    name = path
    let folder = RunFolder(path: path)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
    else {
      throw FileError(
        path: path, "is no folder; expected that of a run (--output of a training)")
    }
    configuration = try Self.configuration(folder)
    metrics = try RunMetrics(path: folder.metricsFile)
    // A training that evaluated nothing had no validation clips.
    let split = metrics.hasEvaluations ? "" : " --split train"
    let advice =
      "write it: vared-train evaluate --checkpoint \(path) --data \(configuration.data)\(split) "
      + "--report \(folder.evaluationFile) --clips \(folder.clipsFile)"
    evaluation = try EvaluationNumbers(path: folder.evaluationFile, advice: advice)
    guard FileManager.default.fileExists(atPath: folder.clipsFile) else {
      throw FileError(path: folder.clipsFile, "is not there; \(advice)")
    }
    clips = try ClipTable(path: folder.clipsFile).rows
    let decoded = clips.count { $0.badReason == nil }
    guard decoded == evaluation.clips else {
      throw FileError(
        path: folder.clipsFile,
        "has \(decoded) clips, and \(folder.evaluationFile) is of \(evaluation.clips); \(advice)")
    }
    badClips = try Self.badClips(folder, evaluated: clips, split: evaluation.split)
  }

  private static func configuration(_ folder: RunFolder) throws -> TrainingConfiguration {
    var configuration = TrainingConfiguration()
    guard FileManager.default.fileExists(atPath: folder.configurationFile) else {
      throw FileError(
        path: folder.path,
        "has no config.yaml; expected the folder of a run (--output of a training)")
    }
    try configuration.read(yamlFile: folder.configurationFile)
    return configuration
  }

  /// Those of the evaluation, then those that bad-clips.csv knows besides.
  private static func badClips(
    _ folder: RunFolder, evaluated: [ClipTable.Row], split: String
  ) throws -> [BadClip] {
    var found = evaluated.compactMap { clip in
      clip.badReason.map { BadClip(split: split, path: clip.path, reason: $0) }
    }
    guard FileManager.default.fileExists(atPath: folder.badClipsFile) else { return found }
    let known = Set(found.map { "\($0.split) \($0.path)" })
    do {
      let table = try CSVTable(TextFile(path: folder.badClipsFile), delimiter: ",")
      for row in table.rows.dropFirst() where row.fields.count >= 4 {
        let clip = BadClip(split: row.fields[0], path: row.fields[2], reason: row.fields[3])
        if !known.contains("\(clip.split) \(clip.path)") { found.append(clip) }
      }
    } catch let error as DatasetError {
      throw FileError(
        path: folder.badClipsFile, "cannot be read: found \(error.found); mend it or take it away")
    }
    return found
  }

  /// Whether gates decide anything.
  var isDynamic: Bool { evaluation.policies != nil }

  /// The classes of a clip.
  func labels(of clip: ClipTable.Row) -> [String] {
    evaluation.map == nil ? [clip.label] : LabelField.classes(clip.label)
  }

  /// `r2plus1d-18, width 0.25, dynamic`.
  var network: String {
    "\(configuration.model.rawValue), width \(configuration.width), \(configuration.network.rawValue)"
  }
}
