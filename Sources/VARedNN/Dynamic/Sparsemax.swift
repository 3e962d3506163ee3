// Sparsemax (Martins & Astudillo, ICML 2016): the nearest point of the simplex.

/// `sparsemax(z) = argmin_{v ≥ 0, Σv = 1} ‖v − z‖²`: `v_i = max(z_i − θ, 0)` with the θ that makes
/// them sum to 1. Like softmax, but whoever is 1 or more behind the best has weight 0 exactly.
enum Sparsemax {
  /// Writes `sparsemax(z)` to `v` from `first` on. A weight that is alone is 1 to the bit.
  ///
  /// For a few candidates: θ is found by closing, again and again, what lies at or below the
  /// threshold of those that are open, which ends after as many rounds as there are candidates at
  /// most (Michelot 1986).
  static func project(_ z: UnsafeBufferPointer<Float>, into v: inout [Float], at first: Int) {
    // From the best on, so that 1 is never lost beside large numbers.
    let best = z.max() ?? 0
    var (threshold, open) = (-Float.infinity, z.count + 1)
    while true {
      var (sum, count): (Float, Int) = (0, 0)
      for value in z where value - best > threshold {
        (sum, count) = (sum + value - best, count + 1)
      }
      // None is open where the values are no numbers.
      if count == open || count == 0 { break }
      open = count
      threshold = (sum - 1) / Float(count)
    }
    for (i, value) in z.enumerated() {
      let above = value - best - threshold
      v[first + i] = above > 0 ? (open == 1 ? 1 : above) : 0
    }
  }

  /// `∂L/∂z` of the `z` that `v` came from, assigned: on the support `d_i` less its mean there,
  /// elsewhere 0.
  /// - Parameter derivative: `∂L/∂v_i`.
  static func backward(
    _ v: ArraySlice<Float>, into dz: UnsafeMutablePointer<Float>, derivative: (Int) -> Float
  ) {
    var (sum, count): (Float, Int) = (0, 0)
    for (i, weight) in v.enumerated() where weight > 0 {
      (sum, count) = (sum + derivative(i), count + 1)
    }
    for (i, weight) in v.enumerated() {
      dz[i] = weight > 0 ? derivative(i) - sum / Float(max(count, 1)) : 0
    }
  }
}
