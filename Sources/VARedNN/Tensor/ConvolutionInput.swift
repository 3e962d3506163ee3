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

  /// An item as the convolution read it: where it lies, or computed again, to the same bits.
  /// - Parameters:
  ///   - i: which, `clip·blocks + block`.
  ///   - memory: for an item that was not kept.
  func item(_ i: Int, in memory: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
    guard let affine else { return clips.item(i) }
    let (shape, lane) = (clips.shape, i % clips.shape.blocks * ChannelBlock.lanes)
    var to = vared_normalization(
      y: memory, scale: affine.scale + lane, shift: affine.shift + lane, residual: vared_affine(),
      statistics: vared_frame_statistics(), streamed: false)
    ChannelBlock.kernels.normalize(&to, clips.item(i), Int32(shape.frames), shape.framePixels)
    return UnsafePointer(memory)
  }
}
