// The last lines of a training: what came of it, and where everything is.

import Foundation

/// What a finished run has left.
struct RunSummary {
  private let configuration: TrainingConfiguration
  private let folder: RunFolder
  private let bestStep: Int?

  /// - Parameters:
  ///   - configuration: of the run.
  ///   - log: of rank 0.
  init(_ configuration: TrainingConfiguration, _ log: RunLog) {
    (self.configuration, folder) = (configuration, log.folder)
    bestStep = log.metrics.bestStep
  }

  /// A line for each kind of file that is there, with how to look at it.
  var lines: [String] {
    var rows = [("checkpoints", checkpoints), ("metrics", folder.metricsFile)]
    if configuration.tensorBoard { rows.append(("", "tensorboard --logdir \(folder.path)")) }
    let evaluated = [folder.evaluationFile, folder.clipsFile].filter(isThere)
    if !evaluated.isEmpty {
      rows.append(("evaluation", evaluated.joined(separator: ", ")))
      rows.append(("", "vared-train report \(folder.path)"))
    }
    let odd = [folder.badClipsFile, folder.missingClipsFile].filter(isThere)
    if !odd.isEmpty { rows.append(("left out", odd.joined(separator: ", "))) }
    return rows.map { "  " + $0.padding(toLength: 12, withPad: " ", startingAt: 0) + $1 }
  }

  private var checkpoints: String {
    let entries = folder.checkpoints.entries()
    guard let newest = entries.first else { return "none" }
    guard let bestStep, bestStep != newest.step, entries.contains(where: { $0.step == bestStep })
    else { return newest.path }
    return "\(newest.path), the best of step \(bestStep) beside it"
  }

  private func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
