// An affine map of every channel: what batch norm is once its statistics are known.

import CKernels

/// `y = scale·x + shift` for every channel, padding included; memory of the layer that made it,
/// valid while that layer lives.
struct Affine {
  /// `[C]`, padded to whole blocks.
  let scale: UnsafePointer<Float>
  /// `[C]`, padded to whole blocks.
  let shift: UnsafePointer<Float>

  /// `max(scale·x + shift, 0)` of a channel block, with the bits that forward wrote.
  /// - Parameters:
  ///   - x: block `block` of a clip of `shape`.
  ///   - y: as much, assigned.
  func rectify(
    _ x: UnsafePointer<Float>, block: Int, of shape: ActivationShape,
    into y: UnsafeMutablePointer<Float>
  ) {
    let lane = block * ChannelBlock.lanes
    var to = vared_normalization(
      y: y, scale: scale + lane, shift: shift + lane, residual: vared_affine(),
      statistics: vared_frame_statistics(), streamed: false)
    ChannelBlock.kernels.normalize(&to, x, Int32(shape.frames), shape.framePixels)
  }
}
