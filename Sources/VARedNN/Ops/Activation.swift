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
