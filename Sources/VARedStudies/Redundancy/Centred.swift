// Values without their mean: what correlations are made of.

import VARedTraining

/// Values with their mean taken away.
struct Centred {
  private(set) var values: [Double]
  /// What was taken away.
  private(set) var mean: Double
  /// Sum of the squares of `values`; exactly zero where they are only rounding: below 10⁻¹² of the
  /// sum of squares before.
  private(set) var energy: Double

  init(_ x: UnsafeBufferPointer<Float>) {
    var (sum, squares) = (0.0, 0.0)
    for value in x { sum += Double(value) }
    let mean = sum / Double(max(x.count, 1))
    self.mean = mean
    values = x.map {
      squares += Double($0) * Double($0)
      return Double($0) - mean
    }
    let energy = values.reduce(0) { $0 + $1 * $1 }
    self.energy = Self.isRounding(energy, of: squares) ? 0 : energy
  }

  /// Whether an energy around the mean is nothing but the rounding of values with these squares.
  static func isRounding(_ energy: Double, of squares: Double) -> Bool {
    !(energy > 1e-12 * squares)
  }

  /// Pearson's r; nil where one of the two does not vary.
  func correlation(with other: Centred) -> Double? {
    guard energy > 0 && other.energy > 0 else { return nil }
    var product = 0.0
    for i in values.indices { product += values[i] * other.values[i] }
    return product / (energy * other.energy).squareRoot()
  }
}
