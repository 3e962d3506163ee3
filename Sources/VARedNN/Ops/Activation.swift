// Elementwise functions behind a layer.

/// The function that a unit's output passes.
enum Activation {
  /// `y = x`.
  case identity
  /// `y = max(x, 0)`.
  case relu
  /// `y = x·σ(x)`, `σ(x) = 1/(1 + e^−x)`.
  case swish

  /// Floating-point operations of an element (METHOD §3).
  var flops: Int {
    switch self {
    case .identity: 0
    case .relu: 1
    case .swish: 2
    }
  }
}

/// ReLU of the hidden units of small layers.
extension [Float] {
  /// `max(x, 0)` of the first `count`; what is not a number stays so.
  mutating func rectify(first count: Int) {
    for i in 0..<count where self[i] <= 0 { self[i] = 0 }
  }

  /// Of the first `count` gradients, 0 where what `rectify` made of the unit is.
  mutating func mask(first count: Int, by rectified: [Float]) {
    for i in 0..<count where rectified[i] <= 0 { self[i] = 0 }
  }
}
