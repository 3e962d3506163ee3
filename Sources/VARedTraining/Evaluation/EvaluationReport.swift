// What `evaluate` prints, and writes as JSON.

import Foundation

/// The report of one evaluation.
struct EvaluationReport {
  private let result: EvaluationResult
  private let settings: EvaluationSettings
  private let fullGMACs: Double
  private let step: Int

  init(_ result: EvaluationResult, _ settings: EvaluationSettings, _ trained: TrainedNetwork) {
    self.result = result
    self.settings = settings
    fullGMACs = Double(trained.network.fullMACs) / 1e9
    step = trained.header.position.step
  }

  private static let quantiles = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]

  /// Lines for a person.
  var text: String {
    let quantiles = Self.quantiles.map { number(result.executedGMACs(quantile: $0), decimals: 3) }
    let kind = settings.views == .clip ? "one centre clip" : "mean softmax of \(result.views) views"
    var table = TextTable([.left, .left])
    table.add(["checkpoint", "\(settings.checkpoint) (step \(step))"])
    table.add([
      "clips",
      "\(result.clips) of \(settings.data) (\(kind); \(result.badClips) could not be decoded)",
    ])
    table.add(["top-1", number(result.top1)])
    table.add(["top-5", number(result.top5)])
    table.add([
      "conv ratio",
      "\(number(result.convRatio)) (standard deviation over clips: "
        + "\(number(result.convRatioDeviation)))",
    ])
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

  private func number(_ value: Double, decimals: Int = 4) -> String {
    String(format: "%.\(decimals)f", value)
  }

  private var policies: String {
    guard settings.policies else { return "" }
    return "\n" + (result.policies?.tables ?? "no gates: the network is fixed\n")
  }

  /// One JSON object.
  var json: String {
    var line = result.line(step: step)
    line.add("checkpoint", settings.checkpoint)
    line.add("data", settings.data)
    line.add("split", settings.split.rawValue)
    line.add("views", result.views)
    line.add("clips", result.clips)
    line.add("bad_clips", result.badClips)
    line.add("full_gmacs", fullGMACs)
    line.add("gmacs_quantiles_at", Self.quantiles)
    line.add("gmacs_quantiles", Self.quantiles.map { result.executedGMACs(quantile: $0) })
    return line.text
  }
}
