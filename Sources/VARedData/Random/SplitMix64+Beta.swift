// Numbers of the normal, gamma and beta distributions.

import Foundation

extension SplitMix64 {
  /// A number of the normal distribution N(0, 1), by Box and Muller's transformation.
  mutating func normal() -> Double {
    let radius = (-2 * log(1 - unit())).squareRoot()
    return radius * cos(2 * .pi * unit())
  }

  /// The logarithm of a number of the gamma distribution of this shape (Marsaglia & Tsang 2000);
  /// as a logarithm it is finite for small shapes too.
  ///
  /// - Precondition: `shape` > 0.
  mutating func logGamma(shape: Double) -> Double {
    guard shape >= 1 else {
      let larger = logGamma(shape: shape + 1)
      return larger + log(1 - unit()) / shape
    }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let root = 1 + c * x
      guard root > 0 else { continue }
      let v = root * root * root
      if log(1 - unit()) < 0.5 * x * x + d - d * v + d * log(v) { return log(d * v) }
    }
  }

  /// A number of the symmetric beta distribution Beta(α, α).
  ///
  /// - Precondition: `alpha` > 0.
  mutating func beta(_ alpha: Double) -> Double {
    let (a, b) = (logGamma(shape: alpha), logGamma(shape: alpha))
    return 1 / (1 + exp(b - a))
  }
}
