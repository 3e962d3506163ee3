// What backward finds of a convolution's input.

import CKernels

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

  /// An item as the convolution read it: where it lies, or computed again.
  /// - Parameters:
  ///   - i: which, `clip·blocks + block`.
  ///   - memory: for an item that was not kept.
  func item(_ i: Int, in memory: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
    guard let affine else { return clips.item(i) }
    affine.rectify(clips.item(i), block: i % clips.shape.blocks, of: clips.shape, into: memory)
    return UnsafePointer(memory)
  }
}
