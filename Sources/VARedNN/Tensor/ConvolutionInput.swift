// What backward finds of a convolution's input.

/// What a convolution read in its forward pass: `clips`, or, where `affine` is given,
/// `max(affine(clips), 0)`, which is then computed again on the way instead of being kept.
struct ConvolutionInput {
  let clips: BlockedClips
  /// The batch norm, followed by a ReLU, between the clips and the convolution.
  let affine: Affine?

  init(_ clips: BlockedClips, affine: Affine? = nil) {
    self.clips = clips
    self.affine = affine
  }
}
