// The one random generator of this module: tiny, documented, the same on every machine.

/// SplitMix64 (Steele, Lea & Flood 2014; the constants of Vigna's public-domain version).
///
/// A 64-bit counter with increment 0x9E3779B97F4A7C15 and an output mix; period 2⁶⁴. Used in
/// place of Swift's generators because a run has to repeat exactly, on any machine and release.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator whose outputs are a pure function of `seed`.
  public init(seed: UInt64) {
    state = seed
  }

  /// A generator of the stream `values`: each value is mixed in, order matters.
  public init(mixing values: UInt64...) {
    var mixed: UInt64 = 0
    for value in values {
      var one = SplitMix64(seed: mixed ^ value)
      mixed = one.next()
    }
    state = mixed
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number uniform in [0, 1), of 53 bits.
  public mutating func unit() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// A number uniform in `0 ..< bound`, by the high half of a 128-bit product (bias < bound·2⁻⁶⁴).
  ///
  /// - Precondition: `bound` ≥ 1.
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound >= 1, "nothing is below \(bound)")
    return Int(UInt64(bound).multipliedFullWidth(by: next()).high)
  }
}
