// What `evaluate` prints, and writes as JSON.

import Foundation

/// The report of one evaluation.
struct EvaluationReport {
  private let result: EvaluationResult
  private let settings: EvaluationSettings
  private let network: Network

  /// What was evaluated.
  struct Network {
    /// Multiply-accumulates of the fixed network.
    let fullMACs: Int
    /// Steps it was trained for.
    let step: Int
    /// Ranks that trained it.
    let ranks: Int
    /// Compute threads of each; nil: not known.
    let threads: Int?
    /// In the order of the logits.
    let classes: [String]
  }

  init(_ result: EvaluationResult, _ settings: EvaluationSettings, of network: Network) {
    self.result = result
    self.settings = settings
    self.network = network
  }

  private var fullGMACs: Double { Double(network.fullMACs) / 1e9 }

  private static let quantiles = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]

  /// Lines for a person.
  var text: String {
    let quantiles = Self.quantiles.map { number(result.executedGMACs(quantile: $0), decimals: 3) }
    let scores = result.meanAveragePrecision == nil ? "softmax" : "sigmoid"
    let kind =
      settings.views == .clip ? "one centre clip" : "mean \(scores) of \(result.views) views"
    var table = TextTable([.left, .left])
    table.add(["checkpoint", "\(settings.checkpoint) (step \(network.step))"])
    table.add([
      "clips",
      "\(result.clips) of \(settings.data) (\(kind); \(result.badClips) could not be decoded)",
    ])
    if let warning = result.notFiniteWarning { table.add(["", warning]) }
    for row in accuracy { table.add(row) }
    table.add([
      "conv ratio",
      "\(number(result.convRatio)) (standard deviation over clips: "
        + "\(number(result.convRatioDeviation)))",
    ])
    if let ratio = result.timeRatio {
      table.add([
        "time ratio",
        "\(number(ratio)) expected by the seconds it was trained by (the fixed network: 1)",
      ])
    }
    table.add([
      "executed",
      "\(number(result.executedGMACs)) GMAC per view (the fixed network: \(number(fullGMACs)))",
    ])
    table.add(["", "min 10% 25% 50% 75% 90% max:  " + quantiles.joined(separator: " ")])
    table.add([
      "seconds", "\(number(result.secondsPerClip)) per view and rank, decoding not included",
    ])
    return table.text + policies
  }

  private var accuracy: [[String]] {
    if let map = result.meanAveragePrecision {
      let classes = result.classes.count
      return [
        ["mAP", "\(number(map)) (the \(classes) of \(network.classes.count) classes with clips)"]
      ]
    }
    func both(_ video: Double, _ clip: Double?) -> String {
      number(video) + (clip.map { " (of single views: \(number($0)))" } ?? "")
    }
    return [
      ["top-1", both(result.top1, result.clipTop1)], ["top-5", both(result.top5, result.clipTop5)],
      ["mean class", number(result.meanClassAccuracy)],
    ]
  }

  private func number(_ value: Double, decimals: Int = 4) -> String {
    String(format: "%.\(decimals)f", value)
  }

  private var policies: String {
    guard settings.policies else { return "" }
    return "\n" + (result.policies?.tables ?? "no gates: the network is fixed\n")
  }

  /// One JSON object.
  var json: String {
    var line = result.line(step: network.step)
    line.add("checkpoint", settings.checkpoint)
    line.add("data", settings.data)
    if let videos = settings.videos { line.add("videos", videos) }
    line.add("split", settings.split.rawValue)
    line.add("views", result.views)
    line.add("bad_clips", result.badClips)
    line.add("full_gmacs", fullGMACs)
    line.add("training_ranks", network.ranks)
    if let threads = network.threads { line.add("training_threads", threads) }
    line.add("classes", result.classes.map(\.json))
    if !result.confusion.isEmpty {
      line.add("confusion_classes", network.classes)
      line.add("confusion", result.confusion)
    }
    line.add("gmacs_quantiles_at", Self.quantiles)
    line.add("gmacs_quantiles", Self.quantiles.map { result.executedGMACs(quantile: $0) })
    return line.text
  }
}
