// Where the statistics of a feature map's frames go as it is written.

import CKernels

/// Means over H and W of a feature map's frames and, where a gate is going to read it, their motion
/// energy: made for one pass that writes the map, each item's frames in their order on one thread.
struct FrameStatistics {
  private let shape: ActivationShape
  private let means: UnsafeMutablePointer<Float>
  /// Where motion energy is written, and memory for the frame before of every thread.
  private let energies: UnsafeMutablePointer<Float>?
  private let framesBefore: UnsafeMutablePointer<Float>?

  /// - Parameter streamed: whether the pass writes the map with non-temporal stores.
  init(of y: FeatureMap, streamed: Bool) {
    (shape, means) = (y.shape, y.means)
    energies = y.motion?.start()
    // In the caches, the frame before is found where it was written.
    framesBefore = streamed && energies != nil ? y.motion?.framesBefore() : nil
  }

  /// What the kernel is told that writes the frames of an item from `frame` on.
  func target(_ item: Int, from frame: Int) -> vared_frame_statistics {
    let (clip, lane) = (item / shape.blocks, item % shape.blocks * ChannelBlock.lanes)
    let first = (clip * shape.channels + lane) * shape.frames + frame
    return vared_frame_statistics(
      means: means + first, energies: energies.map { $0 + first },
      previous: framesBefore.map { $0 + Parallel.thread * shape.planeFloats },
      lanes: Int32(min(ChannelBlock.lanes, shape.channels - lane)),
      stride: Int32(shape.frames), starts: frame == 0)
  }
}
