// A look at what a convolution puts out, during inference.

/// The output of one convolution of a residual block for the clips of a batch, before its batch
/// norm: where the layer is dynamic, with what its gate left to the cheap operations (METHOD §1).
///
/// Valid while the observer that it is handed to runs.
public struct LayerFeatures {
  /// The convolution's name, e.g. `layer1.0.conv1.0.0`.
  public let name: String
  /// `[K, T', H', W']` of one clip.
  public let shape: ActivationShape
  /// Clips of the batch.
  public let clips: Int
  /// Calls with the runs of frames of item `n·blocks + block`, in the channel-blocked layout.
  private let forEachRun: (Int, (Range<Int>, UnsafePointer<Float>) -> Void) -> Void

  init(
    name: String, shape: ActivationShape, clips: Int,
    forEachRun: @escaping (Int, (Range<Int>, UnsafePointer<Float>) -> Void) -> Void
  ) {
    self.name = name
    self.shape = shape
    self.clips = clips
    self.forEachRun = forEachRun
  }

  /// Writes the features of one clip in plain order.
  /// - Parameters:
  ///   - clip: below `clips`.
  ///   - features: `[K, T', H', W']`, assigned.
  /// - Precondition: `features` has as many values.
  public func copy(clip: Int, into features: UnsafeMutableBufferPointer<Float>) {
    precondition((0..<clips).contains(clip), "clip \(clip) of \(clips)")
    precondition(
      features.count == shape.channels * shape.pixels, "room for \(features.count) values")
    let (lanes, pixels) = (ChannelBlock.lanes, shape.framePixels)
    for block in 0..<shape.blocks {
      let channels = block * lanes..<min((block + 1) * lanes, shape.channels)
      forEachRun(clip * shape.blocks + block) { frames, from in
        for channel in channels {
          let (source, count) = (from + channel % lanes, frames.count * pixels)
          let first = channel * shape.pixels + frames.lowerBound * pixels
          for i in 0..<count { features[first + i] = source[i * lanes] }
        }
      }
    }
  }
}
