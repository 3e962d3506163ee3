// The loss: cross-entropy, and the cost of what was computed where the answer is right.

import Foundation

/// `L = CE(logits, targets) + λ · mean_n μ_n·(Σ_l w_l ρ_l,n)^p` with `μ_n = 1` where clip n is
/// classified right, with at least a given confidence, else 0 (METHOD §3: p = 2). A negative λ
/// presses on every clip (METHOD §4).
final class AdaptiveLoss {
  /// Cross-entropy and cost of the last batch.
  private(set) var sums = StepSums()
  /// Clips of the last batch.
  private(set) var count = 0
  /// Clips that are classified right.
  private(set) var correct = 0
  /// `∂L/∂logits [n, classes]`.
  private(set) var logitGradient: [Float]
  /// `∂L/∂(Σ_l w_l ρ_l,n) [n]`.
  private(set) var costGradient: [Double]
  private let classes: Int
  private let confidence: Double
  private let power: Double
  private let ranks: Int?
  private var softmax: SoftmaxCrossEntropy

  /// - Parameters:
  ///   - batch: clips at most.
  ///   - confidence: the confidence from which on a clip pays; 0: all that are right.
  ///   - power: p, at least 1.
  ///   - ranks: with as many clips as are at hand each, by all of which gradients are divided,
  ///     where sums are to be the same in any order; nil: they are divided by the clips at hand.
  init(
    classes: Int, batch: Int, confidence: Double = 0, power: Double = 2, ranks: Int? = nil
  ) {
    self.ranks = ranks
    self.classes = classes
    self.confidence = confidence
    self.power = power
    logitGradient = [Float](repeating: 0, count: batch * classes)
    costGradient = [Double](repeating: 0, count: batch)
    softmax = SoftmaxCrossEntropy(classes: classes)
  }

  /// The loss of a batch and its gradients, assigned.
  /// - Parameters:
  ///   - logits: `[n, classes]`.
  ///   - costs: of each clip, `Σ_l w_l ρ_l,n` is read.
  ///   - weight: λ.
  func evaluate(
    logits: UnsafePointer<Float>, targets: Targets, costs: [ClipCost], weight: Float
  ) {
    let n = Double(targets.count * (ranks ?? 1))
    (sums, correct, count) = (StepSums(), 0, targets.count)
    for clip in 0..<targets.count {
      let verdict = verdict(logits + clip * classes, targets, clip: clip, clips: n)
      sums.crossEntropy += term(verdict.loss)
      costGradient[clip] = 0
      let ratio = costs[clip].differentiable
      let pays = verdict.isRight && verdict.confidence >= confidence
      if verdict.isRight { correct += 1 }
      if pays { sums.cost += term(pow(ratio, power)) }
      if pays || weight < 0 {
        costGradient[clip] = Double(weight) * power * pow(ratio, power - 1) / n
      }
    }
  }

  /// Mean cross-entropy of the last batch.
  var crossEntropy: Double { sums.crossEntropy / Double(count) }
  /// Its `mean_n μ_n·(Σ_l w_l ρ_l,n)^p`, without λ.
  var cost: Double { sums.cost / Double(count) }

  /// A clip's term of a sum: where sums are to be the same in any order, the nearest multiple of
  /// 2⁻³², of which doubles hold sums up to 2²⁰ exactly.
  func term(_ value: Double) -> Double {
    guard ranks != nil else { return value }
    return (value * 0x1p32).rounded(.toNearestOrEven) / 0x1p32
  }

  /// Clip `clip`'s part, its gradient assigned.
  private func verdict(
    _ row: UnsafePointer<Float>, _ targets: Targets, clip: Int, clips n: Double
  ) -> ClipVerdict {
    let first = clip * classes
    return logitGradient.withUnsafeMutableBufferPointer { buffer in
      let gradient = buffer.baseAddress! + first
      switch targets {
      case .classes(let labels):
        return softmax.evaluate(row, clips: n, gradient: gradient) { $0 == labels[clip] ? 1 : 0 }
      case .distributions(let values, _):
        return softmax.evaluate(row, clips: n, gradient: gradient) { values[first + $0] }
      case .labels(let values, _):
        return BinaryCrossEntropy.evaluate(row, classes: classes, clips: n, gradient: gradient) {
          values[first + $0]
        }
      }
    }
  }
}
