// What is said where answers break while gates are trained.

import Foundation

/// Whether a network with gates answers far fewer validation clips right than it did before.
enum AccuracyDrop {
  /// An evaluation's step and what evaluations are compared by, from 0 to 1.
  typealias Evaluation = (step: Int, score: Double)

  /// One tenth less, and more than what chance makes of so many clips.
  private static func isLarge(_ now: Double, after best: Double, clips: Int) -> Bool {
    let chance = (best * (1 - best) / Double(max(clips, 1))).squareRoot()
    return best - now > max(0.1, 3 * chance)
  }

  /// What a person reads; nil: there is nothing to say.
  ///
  /// - Parameters:
  ///   - result: this evaluation.
  ///   - best: the best one so far; nil: there is none.
  ///   - checkpoint: of the best one; nil: it was not kept.
  ///   - configuration: of the run.
  static func warning(
    _ result: EvaluationResult, after best: Evaluation?, checkpoint: String?,
    _ configuration: TrainingConfiguration
  ) -> String? {
    let score = result.meanAveragePrecision ?? result.top1
    guard let best, isLarge(score, after: best.score, clips: result.clips) else { return nil }
    let name = result.meanAveragePrecision == nil ? "top-1" : "mAP"
    let start =
      checkpoint.map { "go on from \($0) (--resume, with another --output)" } ?? "start again"
    let change = configuration.targetRatio > 0 ? "higher --target-ratio" : "lower --cost-weight"
    let temperature = configuration.gateForm == .sparsemax ? ", or a higher --gate-temperature" : ""
    return "warning: \(name) of the validation clips was \(text(best.score)) at step \(best.step) "
      + "and is \(text(score)) now: gates that learn have closed what clips need; \(start) with a "
      + change + temperature
  }

  private static func text(_ score: Double) -> String { String(format: "%.3f", score) }
}
