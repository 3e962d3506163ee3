// What a soft modulation gate starts from.

/// Initial weights of a gate's two layers (METHOD §2): `W1` uniform as PyTorch's `Linear`, `W2`
/// nearly zero, so that a fresh gate weighs all candidates alike.
///
/// A gate that sees motion energy starts with an opinion beside: its first hidden unit reads the
/// mean motion energy, and weighs all frames more where there is much of it, few where there is
/// little. Without it still clips end with more frames in some runs and with fewer in others
/// (`docs/RESULTS.md`).
struct GateStart {
  /// The first hidden unit's weight for the densest temporal candidate; the coarsest has its
  /// negative.
  private static let opinion: Float = 0.3

  let first: (Int, inout RandomStream) -> Float
  let second: (Int, inout RandomStream) -> Float

  /// - Parameters:
  ///   - motionFrom: the first input that is a motion energy; the others follow it.
  init(_ space: PolicySpace, inputs: Int, hidden: Int, motionFrom: Int?) {
    let bound = 1 / Double(inputs).squareRoot()
    let strides = space.temporalStrides.count
    first = { place, stream in
      let drawn = Float((2 * stream.uniform() - 1) * bound)
      guard let motionFrom, place < inputs else { return drawn }
      return place < motionFrom ? 0 : Float(bound)
    }
    second = { place, stream in
      let drawn = Float(0.01 * stream.normal())
      let candidate = place / hidden
      guard motionFrom != nil, place % hidden == 0, candidate < strides, strides > 1 else {
        return drawn
      }
      return Self.opinion * (1 - 2 * Float(candidate) / Float(strides - 1))
    }
  }
}
