// What backward finds of a convolution's input.

/// What a convolution read in its forward pass: `data`, or, where `affine` is given,
/// `max(affine(data), 0)`, which is then computed again on the way instead of being kept.
struct ConvolutionInput {
  /// Clips in the blocked layout.
  let data: UnsafePointer<Float>
  /// The batch norm, followed by a ReLU, between `data` and the convolution.
  let affine: Affine?

  init(_ data: UnsafePointer<Float>, affine: Affine? = nil) {
    self.data = data
    self.affine = affine
  }
}
