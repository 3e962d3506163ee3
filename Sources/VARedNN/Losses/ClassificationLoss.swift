// The classification loss of one clip, softmax or sigmoid, with the gradient of its logits.

import Foundation

/// What the classification loss says of one clip.
struct ClipVerdict {
  /// Cross-entropy, softmax or binary.
  var loss: Double
  /// Whether the clip is answered right (METHOD §3).
  var isRight: Bool
  /// How sure the network is of that answer, a probability (METHOD §3).
  var confidence: Double
}

/// Softmax cross-entropy `−Σ_k y_k log p_k`, as PyTorch's `CrossEntropyLoss` of class indices and
/// of probabilities; right is a clip whose largest logit is that of its largest target.
struct SoftmaxCrossEntropy {
  private var exponentials: [Double]

  init(classes: Int) { exponentials = [Double](repeating: 0, count: classes) }

  /// - Parameters:
  ///   - row: the clip's logits.
  ///   - clips: by how many clips the gradient is divided.
  ///   - gradient: assigned, `∂loss/∂row / clips`.
  ///   - target: `y_k`.
  mutating func evaluate(
    _ row: UnsafePointer<Float>, clips: Double, gradient: UnsafeMutablePointer<Float>,
    target: (Int) -> Float
  ) -> ClipVerdict {
    let classes = exponentials.count
    var (highest, label) = (0, 0)
    for k in 1..<classes {
      if row[k] > row[highest] { highest = k }
      if target(k) > target(label) { label = k }
    }
    var sum = 0.0
    for k in 0..<classes {
      exponentials[k] = exp(Double(row[k] - row[highest]))
      sum += exponentials[k]
    }
    var (loss, total) = (0.0, 0.0)
    for k in 0..<classes where target(k) != 0 {
      loss -= Double(target(k)) * (Double(row[k] - row[highest]) - log(sum))
      total += Double(target(k))
    }
    for k in 0..<classes {
      gradient[k] = Float((exponentials[k] / sum * total - Double(target(k))) / clips)
    }
    return ClipVerdict(
      loss: loss, isRight: row[highest] == row[highest] && highest == label,
      confidence: exponentials[label] / sum)
  }
}

/// Binary cross-entropy of logits, the mean over the classes, as PyTorch's `BCEWithLogitsLoss`.
///
/// Right is a clip each of whose labels scores above every class that it has not; one without
/// labels, if no probability reaches ½. How sure that is: the least probability of its labels;
/// without labels, of their absence.
enum BinaryCrossEntropy {
  /// The parameters of `SoftmaxCrossEntropy.evaluate`.
  static func evaluate(
    _ row: UnsafePointer<Float>, classes: Int, clips: Double,
    gradient: UnsafeMutablePointer<Float>, target: (Int) -> Float
  ) -> ClipVerdict {
    var loss = 0.0
    var (leastLabel, highestOther) = (Double.infinity, -Double.infinity)
    var hasLabels = false
    let scale = 1 / (Double(classes) * clips)
    for k in 0..<classes {
      let (x, y) = (Double(row[k]), Double(target(k)))
      // log(1 + eˣ) − y·x, without an overflow on either side.
      loss += max(x, 0) - x * y + log1p(exp(-abs(x)))
      gradient[k] = Float((sigmoid(x) - y) * scale)
      if y > 0 {
        hasLabels = true
        leastLabel = least(leastLabel, x)
      } else {
        highestOther = most(highestOther, x)
      }
    }
    return ClipVerdict(
      loss: loss / Double(classes),
      isRight: hasLabels ? leastLabel > highestOther : highestOther < 0,
      confidence: hasLabels ? sigmoid(leastLabel) : sigmoid(-highestOther))
  }

  // What is not a number stays, so that it is never right.
  private static func least(_ a: Double, _ b: Double) -> Double { b < a || b.isNaN ? b : a }
  private static func most(_ a: Double, _ b: Double) -> Double { b > a || b.isNaN ? b : a }
}

/// `1/(1 + e⁻ˣ)`, exact to rounding on both sides.
func sigmoid(_ x: Double) -> Double {
  let power = exp(-abs(x))
  return (x >= 0 ? 1 : power) / (1 + power)
}
