// What is said where answers break while gates are trained.

/// Whether a network with gates answers far fewer validation clips right than it did before.
struct AccuracyDrop {
  /// An evaluation's step and what evaluations are compared by, from 0 to 1.
  typealias Evaluation = (step: Int, score: Double)

  /// One tenth less, and more than what chance makes of so many clips.
  static func isLarge(_ now: Double, after best: Double, clips: Int) -> Bool {
    let chance = (best * (1 - best) / Double(max(clips, 1))).squareRoot()
    return best - now > max(0.1, 3 * chance)
  }

  /// What a person reads; nil: there is nothing to say.
  ///
  /// - Parameters:
  ///   - now: this evaluation.
  ///   - best: the best one before; nil: there is none.
  ///   - clips: evaluated.
  ///   - checkpoint: of the best one; nil: it was not kept.
  ///   - form: of the gates.
  static func warning(
    _ now: Evaluation, after best: Evaluation?, clips: Int, checkpoint: String?, form: GateForm
  ) -> String? {
    guard let best, isLarge(now.score, after: best.score, clips: clips) else { return nil }
    let start =
      checkpoint.map { "go on from \($0) (--resume, with another --output)" } ?? "start again"
    let temperature = form == .sparsemax ? ", or --gate-temperature" : ""
    return "warning: the validation clips were answered \(percent(best.score)) right at step "
      + "\(best.step) and are \(percent(now.score)) now: gates that learn have closed what clips "
      + "need; \(start) with a higher --target-ratio\(temperature)"
  }

  private static func percent(_ share: Double) -> String {
    "\((1000 * share).rounded() / 10) %"
  }
}
