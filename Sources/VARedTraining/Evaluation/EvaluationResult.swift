// What an evaluation measures (METHOD §6).

import Foundation

/// Accuracy, computation and time of a network on one split.
public struct EvaluationResult: Sendable {
  /// Clips (videos) that were decoded and classified.
  public var clips = 0
  /// Clips that could not be decoded; not in any other number.
  public var badClips = 0
  /// Clips of which some logit was not a number; they count as answered wrongly.
  public var notFiniteClips = 0
  /// Fraction classified correctly; with several labels a clip, 0.
  public var top1 = 0.0
  /// Fraction with the label among the five highest scores; with several labels a clip, 0.
  public var top5 = 0.0
  /// The same of each view by itself, where a prediction averages several; else nil.
  public var clipTop1: Double?
  /// The same of each view by itself, where a prediction averages several; else nil.
  public var clipTop5: Double?
  /// Mean over the classes that have clips of the fraction of them that is classified correctly.
  public var meanClassAccuracy = 0.0
  /// With several labels a clip: the mean of the average precision over the classes that have
  /// clips; else nil.
  public var meanAveragePrecision: Double?
  /// The classes that have clips, in the order of the dataset.
  public var classes: [ClassResult] = []
  /// Clips by class (row) and predicted class (column), in the network's numbers of the classes;
  /// empty with several labels a clip.
  public var confusion: [[Int]] = []
  /// Mean executed ratio of the dynamic convolutions (METHOD §3), per view.
  public var convRatio = 0.0
  /// The mean of the seconds that a view was expected to take by the network's table, as a share of
  /// the fixed network's; nil where costs are MACs.
  public var timeRatio: Double?
  /// Mean executed 10⁹ multiply-accumulates per view.
  public var executedGMACs = 0.0
  /// Measured seconds of the network per view, decoding not included: the median of a rank's
  /// passes (the first ones also set things up), the mean over the ranks.
  public var secondsPerClip = 0.0
  /// Views averaged for one prediction.
  public var views = 1
  /// Executed 10⁹ multiply-accumulates per view of every clip, ascending; on rank 0 only.
  public var distribution: [Double] = []
  /// Conv ratio per view of every clip, ascending; on rank 0 only.
  public var convRatios: [Double] = []
  /// Every clip, in the order of the split; on rank 0 only.
  package var evaluated: [EvaluatedClip] = []
  /// What the gates chose; nil for a fixed network.
  public var policies: PolicyStatistics?
  /// How the gates' weights are distributed; nil for a fixed network.
  var gateWeights: WeightHistograms?

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
    line.add("clips", clips)
    if let meanAveragePrecision {
      line.add("map", meanAveragePrecision)
    } else {
      line.add("top1", top1)
      line.add("top5", top5)
      line.add("mean_class_accuracy", meanClassAccuracy)
      if let clipTop1, let clipTop5 {
        line.add("clip_top1", clipTop1)
        line.add("clip_top5", clipTop5)
      }
    }
    line.add("conv_ratio", convRatio)
    line.add("conv_ratio_deviation", convRatioDeviation)
    if let timeRatio { line.add("time_ratio", timeRatio) }
    line.add("executed_gmacs", executedGMACs)
    line.add("seconds_per_clip", secondsPerClip)
    if notFiniteClips > 0 { line.add("not_finite_clips", notFiniteClips) }
    if let policies { line.add("policies", policies.json) }
    return line
  }

  /// Executed GMACs at a fraction of the clips, by nearest rank: 0 the cheapest clip, 1 the
  /// dearest.
  public func executedGMACs(quantile: Double) -> Double {
    guard !distribution.isEmpty else { return .nan }
    return distribution[Int((quantile * Double(distribution.count - 1)).rounded())]
  }

  /// What to say of clips whose logits are not numbers; nil: there are none.
  var notFiniteWarning: String? {
    guard notFiniteClips > 0 else { return nil }
    return "warning: of \(notFiniteClips) clips the logits are not numbers; they count as wrong"
  }

  /// One line for the progress of a training run.
  var summary: String {
    let accuracy =
      meanAveragePrecision.map { String(format: "mAP %.4f", $0) }
      ?? String(format: "top1 %.4f top5 %.4f", top1, top5)
    return accuracy
      + String(
        format: " conv %.3f%@ %.3f GMAC %.4f s/clip (%d clips)", convRatio,
        timeRatio.map { String(format: " time %.3f", $0) } ?? "", executedGMACs, secondsPerClip,
        clips) + (notFiniteWarning.map { "; \($0)" } ?? "")
  }
}
