// The second pass of the backward of batch norm and swish, item by item.

import CKernels

extension SwishNorm {
  /// What backward has after its first pass: everything but the gradient of the input, which is
  /// written item by item, wherever it is wanted. Valid until the norm's next pass.
  struct InputGradient {
    let dy: IncomingGradient
    let x: BlockedClips
    /// `u = scale·x + shift`, of every clip's channels, padding included.
    let scale: UnsafePointer<Float>
    let shift: UnsafePointer<Float>
    /// `dx = a·g + b·x + c`, likewise; `b` is of all clips.
    let a: UnsafePointer<Float>
    let b: UnsafePointer<Float>
    let c: UnsafePointer<Float>

    /// `dx` of some frames of one item, assigned.
    /// - Parameter streamed: whether non-temporal stores write it: its reader comes late.
    func write(
      _ item: Int, frames: Range<Int>, into dx: UnsafeMutablePointer<Float>, streamed: Bool
    ) {
      let (lanes, lane) = (ChannelBlock.lanes, item * ChannelBlock.lanes)
      var job = vared_swish_gradient_job(
        dy, x: x, item, frames: frames, scale: scale + lane, shift: shift + lane)
      ChannelBlock.kernels.swish_apply(
        &job, a + lane, b + item % x.shape.blocks * lanes, c + lane, dx, streamed)
    }
  }
}

extension vared_swish_gradient_job {
  /// Some frames of one item.
  /// - Parameter scale: of the item, as `shift`.
  init(
    _ dy: IncomingGradient, x: BlockedClips, _ item: Int, frames: Range<Int>,
    scale: UnsafePointer<Float>, shift: UnsafePointer<Float>
  ) {
    let first = frames.lowerBound
    self.init(
      map: vared_swish(scale: scale, shift: shift), dy: dy.incoming(of: item, x.shape, from: first),
      x: x.item(item, frame: first), frames: Int32(frames.count),
      frame_pixels: x.shape.framePixels)
  }
}
