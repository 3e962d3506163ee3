// What a soft modulation gate starts from.

/// Initial weights of a gate's two layers (METHOD §2): `W1` uniform as PyTorch's `Linear`, `W2` nearly
/// zero, so that a fresh gate weighs all candidates alike.
///
/// A gate that sees motion energy starts with an opinion beside: its first hidden unit is the mean
/// motion energy, and weighs all frames more where there is much of it, few where there is little. Which
/// clips are to be the cheap ones is otherwise settled by chance and then stays: without it, still clips
/// ended with more frames than moving ones as often as with fewer (`docs/RESULTS.md`).
struct GateStart {
  /// How far the first hidden unit moves `u` of the densest and the coarsest temporal candidate.
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
