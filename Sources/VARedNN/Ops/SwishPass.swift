// Batch norm and swish, item by item.

import CKernels

/// `y` of a `SwishNorm` for a batch, with the statistics of its frames where they are read. An
/// *item* is a clip's channel block; its frames are handed in in their order, on one thread.
///
/// Made for one pass, and valid until the norm's or the output's next one.
struct SwishPass {
  private let shape: ActivationShape
  private let elementFLOPs: Int
  private let scale: UnsafePointer<Float>
  private let shift: UnsafePointer<Float>
  private let y: MutableBlockedClips
  private let statistics: FrameStatistics?
  private let streamed: Bool
  private let operations: OperationRecord

  /// - Parameter norm: prepared for these clips.
  init(_ norm: SwishNorm, into y: FeatureMap, clips n: Int) {
    shape = norm.shape
    elementFLOPs = norm.elementFLOPs
    (scale, shift) = (UnsafePointer(norm.scale.base), UnsafePointer(norm.shift.base))
    self.y = y.writable(n)
    streamed = shape.isBeyondCaches(clips: n)
    statistics = norm.takesMeans ? FrameStatistics(of: y, streamed: streamed) : nil
    operations = norm.norm.operations
  }

  /// Some frames of an item, wherever they lie; recorded.
  func apply(_ x: UnsafePointer<Float>, item: Int, frames: Range<Int>) {
    let (lanes, lane) = (ChannelBlock.lanes, item * ChannelBlock.lanes)
    let channels = min(lanes, shape.channels - item % shape.blocks * lanes)
    operations.record(flops: elementFLOPs * channels * frames.count * shape.framePixels)
    var to = vared_swish_output(
      map: vared_swish(scale: scale + lane, shift: shift + lane),
      y: y.item(item, frame: frames.lowerBound),
      statistics: statistics?.target(item, from: frames.lowerBound) ?? vared_frame_statistics(),
      streamed: streamed)
    ChannelBlock.kernels.swish(&to, x, Int32(frames.count), shape.framePixels)
  }
}
