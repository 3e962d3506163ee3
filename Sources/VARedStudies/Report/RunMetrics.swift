// metrics.jsonl as curves over steps.

import Foundation
import VARedTraining

/// What a run wrote down while it trained.
struct RunMetrics {
  /// Values of one quantity over the steps.
  typealias Curve = [PlotPoint]

  private var steps: [String: Curve] = [:]
  private var evaluations: [String: Curve] = [:]
  private var epochs: [String: Curve] = [:]
  /// Steps in which each rank was the slowest, by its number and host.
  private(set) var slowest: [String: Int] = [:]
  /// Whether the training evaluated anything.
  var hasEvaluations: Bool { !evaluations.isEmpty }
  /// Of the last line of a step.
  private(set) var lastStep = 0

  private static let ofSteps = [
    "loss", "accuracy", "cost", "conv_ratio", "time_ratio", "executed_gmacs", "learning_rate",
    "clips_per_second",
  ]
  private static let ofEvaluations = [
    "top1", "map", "conv_ratio", "time_ratio", "executed_gmacs",
  ]
  private static let ofEpochs = ["accuracy", "seconds", "clips"]
  /// Kinds of seconds as means over the ranks.
  static let kinds = ["data", "forward", "backward", "allreduce"]
  /// Kinds of seconds of which the spread over the ranks is known.
  static let rankKinds = ["compute", "batch_norm", "gradients", "data"]

  /// Reads `path`.
  ///
  /// - Throws: `FileError` if it is not there, or a line but a torn last one cannot be read.
  init(path: String) throws {
    let text = try TextLines(path)
    guard text.exists else {
      throw FileError(
        path: path, "is not there; expected the metrics of a training, give the folder of a run")
    }
    for (number, line) in text.lines.enumerated() {
      guard let object = Self.object(line), let kind = object["kind"] as? String,
        let step = Self.number(object["step"]), step >= 0, step < 1e15
      else {
        if number + 1 == text.lines.count { break }
        throw FileError(
          path: "\(path):\(number + 1)",
          "is no line of metrics; take it out, or resume the run once")
      }
      take(kind, step, object)
    }
  }

  private static func object(_ line: String) -> [String: Any]? {
    try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
  }

  /// A number that can be drawn.
  private static func number(_ value: Any?) -> Double? {
    (value as? NSNumber).map(\.doubleValue).flatMap { $0.magnitude < 1e30 ? $0 : nil }
  }

  private mutating func take(_ kind: String, _ step: Double, _ object: [String: Any]) {
    func add(_ names: [String], _ object: [String: Any], to curves: inout [String: Curve]) {
      for name in names {
        guard let value = Self.number(object[name]) else { continue }
        curves[name, default: []].append(PlotPoint(step, value))
      }
    }
    switch kind {
    case "step":
      lastStep = max(lastStep, Int(step))
      add(Self.ofSteps, object, to: &steps)
      takeSeconds(step, object)
    case "evaluation": add(Self.ofEvaluations, object, to: &evaluations)
    case "epoch": add(Self.ofEpochs, object, to: &epochs)
    default: break
    }
  }

  private mutating func takeSeconds(_ step: Double, _ object: [String: Any]) {
    let seconds = object["seconds"] as? [String: Any] ?? [:]
    for kind in Self.kinds {
      guard let value = Self.number(seconds[kind]) else { continue }
      steps["seconds.\(kind)", default: []].append(PlotPoint(step, value))
    }
    guard let ranks = object["rank_seconds"] as? [String: Any] else { return }
    for kind in Self.rankKinds {
      guard let spread = ranks[kind] as? [Any], spread.count == 3 else { continue }
      for (name, value) in zip(["least", "mean", "most"], spread) {
        guard let value = Self.number(value) else { continue }
        steps["\(kind).\(name)", default: []].append(PlotPoint(step, value))
      }
    }
    if let rank = Self.number(ranks["slowest_rank"]), (0..<1e9).contains(rank) {
      let host = ranks["slowest_host"] as? String ?? ""
      slowest["rank \(Int(rank)) (\(host))", default: 0] += 1
    }
  }

  /// A quantity of the training steps, at most `Self.mostPoints` means of neighbouring steps.
  func step(_ name: String) -> Curve { Self.thinned(steps[name] ?? []) }

  /// A quantity of the evaluations.
  func evaluation(_ name: String) -> Curve { Self.thinned(evaluations[name] ?? []) }

  /// A quantity of whole epochs.
  func epoch(_ name: String) -> Curve { Self.thinned(epochs[name] ?? []) }

  /// Seconds of training of all whole epochs.
  var seconds: Double { (epochs["seconds"] ?? []).reduce(0) { $0 + $1.y } }

  /// Whole epochs.
  var epochCount: Int { epochs["seconds"]?.count ?? 0 }

  /// Points of a curve at most: about as many as it is pixels wide.
  static let mostPoints = 300

  /// Neighbouring points as their mean, so that at most `most` are left.
  static func thinned(_ curve: Curve, most: Int = mostPoints) -> Curve {
    guard curve.count > most else { return curve }
    return (0..<most).compactMap { place in
      let part = curve[place * curve.count / most..<(place + 1) * curve.count / most]
        .filter(\.isFinite)
      guard !part.isEmpty else { return nil }
      let count = Double(part.count)
      return PlotPoint(
        part.reduce(0) { $0 + $1.x } / count, part.reduce(0) { $0 + $1.y } / count)
    }
  }
}
