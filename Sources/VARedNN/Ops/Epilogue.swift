// What is done with normalized values in the pass that normalizes them.

import CKernels

/// What follows a batch norm in the same pass: a residual, an activation, spatial means.
struct Epilogue {
  let activation: Activation
  /// Whether a residual is added before the activation.
  let addsResidual: Bool
  /// Whether the output's means over H and W are taken.
  let takesMeans: Bool

  /// Nothing: the values are another layer's `Residual`.
  static let none = Epilogue(activation: .identity, addsResidual: false, takesMeans: false)
  /// ReLU and spatial means.
  static let relu = Epilogue(activation: .relu, addsResidual: false, takesMeans: true)
  /// Swish; no layer reads its means.
  static let swish = Epilogue(activation: .swish, addsResidual: false, takesMeans: false)
  /// A residual is added, then ReLU and spatial means.
  static let residualAndReLU = Epilogue(activation: .relu, addsResidual: true, takesMeans: true)

  /// Floating-point operations of an element, the norm's scale and shift among them (METHOD §3).
  var flops: Int { 2 + (addsResidual ? 1 : 0) + activation.flops + (takesMeans ? 1 : 0) }
}

/// What a normalized tensor is added to before its activation.
struct Residual {
  let clips: BlockedClips
  let affine: Affine
  /// The norm whose map that is; nil for an identity.
  let norm: BatchNorm?
}

/// Where a gradient passes the activation behind a batch norm.
enum GradientMask {
  /// Every place: no activation follows.
  case none
  /// Where the norm's own output is positive.
  case ownOutput
  /// Where the sum's output is positive: a residual was added before the ReLU.
  case output(BlockedClips)
}
