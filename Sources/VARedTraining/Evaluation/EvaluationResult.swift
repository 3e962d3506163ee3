// What an evaluation measures (METHOD §6).

import Foundation

/// Accuracy, computation and time of a network on one split.
public struct EvaluationResult: Sendable {
  /// Clips (videos) that were decoded and classified.
  public var clips = 0
  /// Clips that could not be decoded; not in any other number.
  public var badClips = 0
  /// Fraction classified correctly.
  public var top1 = 0.0
  /// Fraction with the label among the five highest logits.
  public var top5 = 0.0
  /// Mean executed ratio of the dynamic convolutions (METHOD §3), per view.
  public var convRatio = 0.0
  /// Mean executed 10⁹ multiply-accumulates per view.
  public var executedGMACs = 0.0
  /// Mean measured seconds of the network per view, decoding not included.
  public var secondsPerClip = 0.0
  /// Views averaged for one prediction.
  public var views = 1
  /// Executed 10⁹ multiply-accumulates per view of every clip, ascending; on rank 0 only.
  public var distribution: [Double] = []
  /// Conv ratio per view of every clip, ascending; on rank 0 only.
  public var convRatios: [Double] = []
  /// What the gates chose; nil for a fixed network.
  public var policies: PolicyStatistics?

  /// Standard deviation of the conv ratio over the clips; on rank 0 only.
  public var convRatioDeviation: Double {
    guard !convRatios.isEmpty else { return .nan }
    let count = Double(convRatios.count)
    let mean = convRatios.reduce(0, +) / count
    return (convRatios.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
  }

  /// The `"kind":"evaluation"` line of metrics.jsonl.
  func line(step: Int) -> JSONLine {
    var line = JSONLine()
    line.add("kind", "evaluation")
    line.add("step", step)
    line.add("top1", top1)
    line.add("top5", top5)
    line.add("conv_ratio", convRatio)
    line.add("conv_ratio_deviation", convRatioDeviation)
    line.add("executed_gmacs", executedGMACs)
    line.add("seconds_per_clip", secondsPerClip)
    if let policies { line.add("policies", policies.json) }
    return line
  }

  /// Executed GMACs at a fraction of the clips, by nearest rank: 0 the cheapest clip, 1 the
  /// dearest.
  public func executedGMACs(quantile: Double) -> Double {
    guard !distribution.isEmpty else { return .nan }
    return distribution[Int((quantile * Double(distribution.count - 1)).rounded())]
  }

  /// One line for the progress of a training run.
  var summary: String {
    String(
      format: "top1 %.4f top5 %.4f conv %.3f %.3f GMAC %.4f s/clip (%d clips)", top1, top5,
      convRatio, executedGMACs, secondsPerClip, clips)
  }
}
