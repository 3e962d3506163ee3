// The second pass of batch norm's backward, item by item.

import CKernels

extension BatchNorm {
  /// What backward has after its first pass: everything but the gradient of the input, which is
  /// written item by item, wherever it is wanted. Valid until the norm's next pass.
  struct InputGradient {
    private let dy: IncomingGradient
    private let mask: vared_mask
    private let x: BlockedClips
    /// `dx = a·g + b·x + c`: of every channel, padding included, `a`, then `b`, then `c`.
    private let coefficients: UnsafePointer<Float>

    /// - Parameter mask: of the first item.
    init(
      dy: IncomingGradient, mask: vared_mask, x: BlockedClips, coefficients: UnsafePointer<Float>
    ) {
      (self.dy, self.mask, self.x) = (dy, mask, x)
      self.coefficients = coefficients
    }

    /// `dx` of some frames of one item, assigned.
    /// - Parameter streamed: whether non-temporal stores write it: its reader comes late.
    func write(
      _ item: Int, frames: Range<Int>, into dx: UnsafeMutablePointer<Float>, streamed: Bool
    ) {
      let shape = x.shape
      let padded = ChannelBlock.padded(shape.channels)
      let base = coefficients + item % shape.blocks * ChannelBlock.lanes
      var job = vared_normalize_gradient_job(
        dy, mask: mask, x: x, item, frames: frames)
      ChannelBlock.kernels.normalize_apply(
        &job, base, base + padded, base + 2 * padded, dx, streamed)
    }
  }
}

extension vared_normalize_gradient_job {
  /// Some frames of one item.
  /// - Parameter mask: of the first item.
  init(
    _ dy: IncomingGradient, mask: vared_mask, x: BlockedClips, _ item: Int, frames: Range<Int>
  ) {
    let first = frames.lowerBound
    self.init(
      dy: dy.incoming(of: item, x.shape, from: first),
      mask: mask.shifted(to: item, x.shape, from: first), x: x.item(item, frame: first),
      frames: Int32(frames.count),
      frame_pixels: x.shape.framePixels)
  }
}

extension IncomingGradient {
  /// What a kernel reads of one item from `frame` on.
  func incoming(of item: Int, _ shape: ActivationShape, from frame: Int) -> vared_incoming {
    let lane = item % shape.blocks * ChannelBlock.lanes
    return vared_incoming(
      first: first?.item(item, frame: frame), second: second?.item(item, frame: frame),
      means: means.map {
        $0 + (item / shape.blocks) * shape.meanCount + lane * shape.frames + frame
      },
      mean_lanes: Int32(min(ChannelBlock.lanes, shape.channels - lane)),
      mean_stride: Int32(shape.frames))
  }
}

extension vared_mask {
  /// The mask of one item from `frame` on, of that of the first.
  func shifted(to item: Int, _ shape: ActivationShape, from frame: Int) -> vared_mask {
    let lane = item % shape.blocks * ChannelBlock.lanes
    return vared_mask(
      output: output.map { $0 + item * shape.blockFloats + frame * shape.planeFloats },
      scale: scale.map { $0 + lane }, shift: shift.map { $0 + lane })
  }
}
