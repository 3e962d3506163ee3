// DIR/metrics.jsonl: one JSON object a line, no step twice, also after a run was resumed.

import Foundation

/// The metrics of a run; rank 0 only.
package final class MetricsFile {
  /// What of the lines a run has to know when it goes on.
  package struct Line: Equatable {
    let kind: String
    let step: Int
    /// What evaluations are compared by: mAP with several labels a clip, else top-1.
    let score: Double?
    /// Of a step that was taken: the loss without the cost of computation.
    let loss: Double?
  }

  let path: String
  /// The lines there are, in order.
  package private(set) var lines: [Line] = []
  private let file: GrowingFile

  /// Opens the file to append; lines after `step`, and a last one that was torn, are taken out.
  /// What else cannot be read is kept beside the file.
  ///
  /// - Parameter say: hears how many lines cannot be read.
  /// - Throws: `FileError` if the file cannot be read or written.
  package init(_ path: String, resumedAt step: Int, say: (String) -> Void = { _ in }) throws {
    self.path = path
    let text = try TextLines(path)
    var (kept, unreadable): ([String], [String]) = ([], [])
    var seen: [String: String] = [:]
    for (number, line) in text.lines.enumerated() {
      guard let parsed = Self.parse(line) else {
        let isTorn = number == text.lines.count - 1 && !text.endsWithLine
        if !isTorn { unreadable.append(line) }
        continue
      }
      guard parsed.step <= step else { continue }
      // The same line again was copied; another one of the same step is not this run's.
      let name = "\(parsed.kind) \(parsed.step)"
      if let first = seen[name] {
        if first != line { unreadable.append(line) }
        continue
      }
      seen[name] = line
      lines.append(parsed)
      kept.append(line)
    }
    if !unreadable.isEmpty {
      let aside = path + ".unreadable"
      try AtomicFile.write(
        aside, text: (try TextLines(aside).lines + unreadable).map { $0 + "\n" }.joined())
      say(
        "warning: \(path): \(unreadable.count) of \(text.lines.count) lines cannot be read, or are of "
          + "a step that is there already; they are kept in \(aside)")
    }
    // A run that begins afresh has had no checkpoint yet; what it had to say before is kept.
    if step == 0, kept.isEmpty, !text.lines.isEmpty, unreadable.count < text.lines.count {
      try AtomicFile.write(path + ".before", text: text.lines.map { $0 + "\n" }.joined())
    }
    let whole = kept.map { $0 + "\n" }.joined()
    if text.exists, Data(whole.utf8) != text.bytes { try AtomicFile.write(path, text: whole) }
    file = try GrowingFile(path)
  }

  /// Appends objects, all of them or none: what the file does not take is kept, and written with
  /// the next ones.
  ///
  /// - Throws: `FileError` if the disk is full.
  func append(_ objects: [JSONLine]) throws {
    let texts = objects.map(\.text)
    lines += texts.compactMap(Self.parse)
    try file.append(texts.flatMap { ($0 + "\n").utf8 })
  }

  /// Writes what the file did not take before.
  ///
  /// - Throws: `FileError` if it still does not.
  func flush() throws { try file.flush() }

  /// Whether there is a line of this kind at this step.
  func has(_ kind: String, step: Int) -> Bool {
    lines.contains { $0.kind == kind && $0.step == step }
  }

  /// The step of the best evaluation so far (the first of equals).
  var bestStep: Int? { best?.step }

  /// The best evaluation so far (the first of equals).
  var best: (step: Int, score: Double)? {
    lines.compactMap { line in line.score.map { (line.step, $0) } }
      .max { ($0.1, -$0.0) < ($1.1, -$1.0) }
  }

  /// Of checkpoints at these steps, newest first, the first whose parameters are known to be sound:
  /// the step after it, whose loss is of those parameters, was taken and lost at most `limit`.
  func soundStep(among steps: [Int], limit: Double) -> Int? {
    let sound = Set(lines.filter { ($0.loss ?? .infinity) <= limit }.map { $0.step - 1 })
    return steps.first { sound.contains($0) }
  }

  /// Whether the newest step was taken and lost at most `limit`; so where there is none yet.
  func isSound(limit: Double) -> Bool {
    lines.last { $0.kind == "step" }.map { ($0.loss ?? .infinity) <= limit } ?? true
  }

  /// The last step at which an epoch ended; nil: there is none, or no such file.
  ///
  /// - Throws: `FileError` if the file cannot be read.
  static func lastEpochEnd(_ path: String) throws -> Int? {
    try TextLines(path).lines.compactMap(parse).last { $0.kind == "epoch" }?.step
  }

  private static func classificationLoss(_ step: [String: Any]) -> Double? {
    guard let loss = step["loss"] as? Double else { return nil }
    let weight = step["cost_weight"] as? Double ?? 0
    return loss - (weight > 0 ? weight * (step["cost"] as? Double ?? .infinity) : 0)
  }

  /// Steps that a run can have.
  private static let steps = 0...TrainingPosition.mostSteps

  private static func parse(_ text: String) -> Line? {
    // Of another encoding, which JSONSerialization would guess.
    guard !text.utf8.contains(0) else { return nil }
    guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
      let kind = object["kind"] as? String, let step = object["step"] as? Int, steps.contains(step)
    else { return nil }
    let isTaken = kind == "step" && object["undone"] == nil
    return Line(
      kind: kind, step: step, score: object["map"] as? Double ?? object["top1"] as? Double,
      loss: isTaken ? classificationLoss(object) : nil)
  }
}
