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
    let quantiles = Self.quantiles.map {
      String(format: "%.3f", result.executedGMACs(quantile: $0))
    }
    let kind = settings.views == .clip ? "one centre clip" : "mean softmax of \(result.views) views"
    return String(
      format: """
        checkpoint        %@ (step %d)
        clips             %d of %@ (%@; %d could not be decoded)
        top-1             %.4f
        top-5             %.4f
        conv ratio        %.4f (standard deviation over clips: %.4f)
        executed          %.4f GMAC per view (the fixed network: %.4f)
          min 10%% 25%% 50%% 75%% 90%% max:  %@
        seconds           %.4f per view and rank, decoding not included

        """, settings.checkpoint, step, result.clips, settings.data, kind, result.badClips,
      result.top1, result.top5, result.convRatio, result.convRatioDeviation,
      result.executedGMACs, fullGMACs, quantiles.joined(separator: " "), result.secondsPerClip)
      + policies
  }

  private var policies: String {
    guard settings.policies else { return "" }
    return "\n" + (result.policies?.table ?? "no gates: the network is fixed\n")
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
