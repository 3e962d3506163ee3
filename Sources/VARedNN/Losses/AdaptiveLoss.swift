// The loss: cross-entropy, and the cost of what was computed where the answer is right.

import Foundation

/// `L = CE(logits, label) + λ · mean_n μ_n·(Σ_l w_l ρ_l,n)^p` with `μ_n = 1` where clip n is
/// classified correctly, with at least a given confidence, else 0 (METHOD §3: p = 2).
final class AdaptiveLoss {
  /// Mean cross-entropy.
  private(set) var crossEntropy = 0.0
  /// `mean_n μ_n·(Σ_l w_l ρ_l,n)^p`, without λ.
  private(set) var cost = 0.0
  /// Clips whose largest logit is their label's.
  private(set) var correct = 0
  /// `∂L/∂logits [n, classes]`.
  private(set) var logitGradient: [Float]
  /// `∂L/∂(Σ_l w_l ρ_l,n) [n]`.
  private(set) var costGradient: [Double]
  private let classes: Int
  private let confidence: Double
  private let power: Double
  private var exponentials: [Double]

  /// - Parameters:
  ///   - batch: clips at most.
  ///   - confidence: the label's probability from which on a clip pays; 0: all that are correct.
  ///   - power: p, at least 1.
  init(classes: Int, batch: Int, confidence: Double = 0, power: Double = 2) {
    self.classes = classes
    self.confidence = confidence
    self.power = power
    logitGradient = [Float](repeating: 0, count: batch * classes)
    costGradient = [Double](repeating: 0, count: batch)
    exponentials = [Double](repeating: 0, count: classes)
  }

  /// The loss of a batch and its gradients, assigned.
  /// - Parameters:
  ///   - logits: `[n, classes]`.
  ///   - costs: of each clip, `Σ_l w_l ρ_l,n` is read.
  ///   - weight: λ.
  func evaluate(
    logits: UnsafePointer<Float>, labels: [Int], costs: [ClipCost], weight: Float
  ) {
    let n = Double(labels.count)
    (crossEntropy, cost, correct) = (0, 0, 0)
    for (clip, label) in labels.enumerated() {
      let row = logits + clip * classes
      let largest = self.largest(of: row)
      let probability = addCrossEntropy(
        row, label: label, largest: row[largest], clip: clip, clips: n)
      costGradient[clip] = 0
      guard row[largest] == row[largest], largest == label else { continue }
      let ratio = costs[clip].differentiable
      correct += 1
      guard probability >= confidence else { continue }
      cost += pow(ratio, power) / n
      costGradient[clip] = Double(weight) * power * pow(ratio, power - 1) / n
    }
  }

  /// The first class with the largest logit.
  private func largest(of row: UnsafePointer<Float>) -> Int {
    var largest = 0
    for j in 1..<classes where row[j] > row[largest] { largest = j }
    return largest
  }

  /// Returns the label's probability.
  private func addCrossEntropy(
    _ row: UnsafePointer<Float>, label: Int, largest: Float, clip: Int, clips n: Double
  ) -> Double {
    var sum = 0.0
    for j in 0..<classes {
      exponentials[j] = exp(Double(row[j] - largest))
      sum += exponentials[j]
    }
    crossEntropy -= (Double(row[label] - largest) - log(sum)) / n
    for j in 0..<classes {
      let target = j == label ? 1.0 : 0.0
      logitGradient[clip * classes + j] = Float((exponentials[j] / sum - target) / n)
    }
    return exponentials[label] / sum
  }
}
