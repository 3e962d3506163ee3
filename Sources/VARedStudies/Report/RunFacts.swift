// What a report's head says of runs: a few large numbers, and a table of everything.

import Foundation
import VARedTraining

/// Facts about one run as texts; numbers have the digits that `evaluate` prints.
struct RunFacts {
  private let run: ReportedRun
  /// The fixed network among the runs of the report whose clips are as large; nil: there is none.
  private let fixed: ReportedRun?

  init(_ run: ReportedRun, beside runs: [ReportedRun]) {
    self.run = run
    fixed = runs.first { other in
      !other.isDynamic && other.evaluation.fullGmacs == run.evaluation.fullGmacs
    }
  }

  /// Four digits, as `evaluate` prints.
  static func number(_ value: Double) -> String {
    value.isFinite ? String(format: "%.4f", value) : "–"
  }

  /// `57.5 %`.
  static func percent(_ share: Double) -> String {
    share.isFinite ? String(format: "%.1f %%", 100 * share) : "–"
  }

  /// `2h 05m`, `3m 20s`, `12.3 s`.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(max(0, min(seconds, 1e12)).rounded())
    if whole >= 86_400 { return "\(whole / 86_400)d \(whole / 3600 % 24)h" }
    if whole >= 3600 { return String(format: "%dh %02dm", whole / 3600, whole / 60 % 60) }
    if whole >= 60 { return String(format: "%dm %02ds", whole / 60, whole % 60) }
    return String(format: "%.1f s", max(0, seconds))
  }

  /// Seconds saved against the fixed network, measured; nil: there is none to compare with.
  private var secondsSaved: String? {
    guard let fixed, run.isDynamic, fixed.evaluation.secondsPerClip > 0 else { return nil }
    let saved = 1 - run.evaluation.secondsPerClip / fixed.evaluation.secondsPerClip
    return saved >= 0 ? "\(Self.percent(saved)) less" : "\(Self.percent(-saved)) more"
  }

  /// The large numbers.
  ///
  /// - Parameter name: of the run.
  func tiles(named name: String) -> [String: Any] {
    let evaluation = run.evaluation
    func tile(_ key: String, _ label: String, _ value: String, _ remark: String) -> [String: Any] {
      ["key": key, "label": label, "value": value, "remark": remark]
    }
    var tiles = [
      tile(
        "score", evaluation.scoreName, Self.percent(evaluation.score),
        "of \(evaluation.clips) clips of \(evaluation.split)"),
      tile(
        "gmacs", "executed", "\(Self.number(evaluation.executedGmacs)) GMAC",
        Self.percent(evaluation.executedGmacs / max(1e-30, evaluation.fullGmacs))
          + " of the fixed network's \(Self.number(evaluation.fullGmacs))"),
    ]
    if run.isDynamic {
      tiles.append(
        tile(
          "ratio", "dynamic convolutions", Self.percent(evaluation.convRatio),
          evaluation.convRatioDeviation.map { "± \(Self.percent($0)) from clip to clip" } ?? ""))
    }
    tiles.append(
      tile(
        "seconds", "per view",
        String(format: "%.2f ms", 1e3 * evaluation.secondsPerClip),
        secondsSaved.map { "\($0) than the fixed network" } ?? "measured, decoding not included"))
    return ["run": name, "values": tiles]
  }

  /// A row for each fact, a value for each run.
  static func table(_ runs: [ReportedRun]) -> [[String: Any]] {
    let columns = runs.map { RunFacts($0, beside: runs).facts }
    return columns[0].indices.map { row in
      [
        "fact": columns[0][row].name, "key": columns[0][row].key,
        "values": columns.map { ["value": $0[row].value] as [String: Any] },
      ]
    }.filter { row in
      (row["values"] as? [[String: Any]])?.contains { $0["value"] as? String != "–" } ?? false
    }
  }

  private typealias Fact = (name: String, key: String, value: String)

  private var facts: [Fact] { trained + evaluated }

  private var trained: [Fact] {
    let settings = run.configuration
    let ranks = run.evaluation.trainingRanks.map { ranks in
      "\(ranks)" + (run.evaluation.trainingThreads.map { " × \($0) threads" } ?? "")
    }
    return [
      ("folder", "folder", run.name),
      ("network", "network", run.network),
      ("data", "data", settings.data),
      (
        "clips", "geometry",
        "\(settings.frames) frames, \(settings.frameStride) apart, \(settings.size) × \(settings.size)"
      ),
      (
        "target ratio", "target",
        settings.targetRatio > 0 ? "\(settings.targetRatio) of \(settings.costUnit.rawValue)" : "–"
      ),
      (
        "trained", "steps",
        "\(run.metrics.lastStep) steps, \(run.metrics.epochCount) whole epochs of "
          + "\(settings.epochs)"
      ),
      ("ranks", "ranks", ranks ?? "–"),
      ("training time, whole epochs", "duration", Self.duration(run.metrics.seconds)),
    ]
  }

  private var evaluated: [Fact] {
    let numbers = run.evaluation
    func number(_ value: Double?) -> String { value.map(Self.number) ?? "–" }
    return [
      (
        "evaluated", "evaluated",
        "step \(numbers.step), \(numbers.split) of \(numbers.data), \(numbers.views) "
          + "view\(numbers.views == 1 ? "" : "s") a clip"
      ),
      ("clips evaluated", "clips", "\(numbers.clips)"),
      ("clips that could not be decoded", "bad-clips", "\(numbers.badClips)"),
      ("top-1", "top1", number(numbers.top1)),
      ("top-5", "top5", number(numbers.top5)),
      ("mean class accuracy", "mean-class-accuracy", number(numbers.meanClassAccuracy)),
      ("mAP", "map", number(numbers.map)),
      ("conv ratio", "conv-ratio", number(numbers.convRatio)),
      ("its deviation over clips", "conv-ratio-deviation", number(numbers.convRatioDeviation)),
      ("time ratio that its table expects", "time-ratio", number(numbers.timeRatio)),
      ("executed GMAC per view", "executed-gmacs", number(numbers.executedGmacs)),
      ("the fixed network's GMAC", "full-gmacs", number(numbers.fullGmacs)),
      ("seconds per view", "seconds", number(numbers.secondsPerClip)),
      ("seconds against the fixed network", "seconds-saved", secondsSaved ?? "–"),
    ]
  }
}
