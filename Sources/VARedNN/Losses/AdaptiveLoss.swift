// The loss: cross-entropy, and the cost of what was computed where the answer is right.

import Foundation

/// `L = CE(logits, label) + λ · mean_n μ_n·(Σ_l w_l ρ_l,n)²` with `μ_n = 1` where clip n is
/// classified correctly, else 0 (METHOD §3).
struct AdaptiveLoss {
  /// Mean cross-entropy.
  private(set) var crossEntropy = 0.0
  /// `mean_n μ_n·(Σ_l w_l ρ_l,n)²`, without λ.
  private(set) var cost = 0.0
  /// Clips whose largest logit is their label's.
  private(set) var correct = 0
  /// `∂L/∂logits [n, classes]`.
  private(set) var logitGradient: [Float]
  /// `∂L/∂(Σ_l w_l ρ_l,n) [n]`.
  private(set) var costGradient: [Double]

  /// - Parameters:
  ///   - logits: `[n, classes]`.
  ///   - costs: `Σ_l w_l ρ_l,n` of each clip.
  ///   - weight: λ.
  init(logits: [Float], labels: [Int], classes: Int, costs: [Double], weight: Float) {
    let n = labels.count
    logitGradient = [Float](repeating: 0, count: n * classes)
    costGradient = [Double](repeating: 0, count: n)
    for clip in 0..<n {
      let row = logits[clip * classes..<(clip + 1) * classes]
      let largest = row.max() ?? 0
      let exponentials = row.map { exp(Double($0 - largest)) }
      let sum = exponentials.reduce(0, +)
      let label = labels[clip]
      let labelLogit = Double(row[row.startIndex + label] - largest)
      crossEntropy -= (labelLogit - log(sum)) / Double(n)
      for (j, value) in exponentials.enumerated() {
        let target = j == label ? 1.0 : 0.0
        logitGradient[clip * classes + j] = Float((value / sum - target) / Double(n))
      }
      guard row.firstIndex(of: largest) == row.startIndex + label else { continue }
      correct += 1
      cost += costs[clip] * costs[clip] / Double(n)
      costGradient[clip] = Double(weight) * 2 * costs[clip] / Double(n)
    }
  }
}
