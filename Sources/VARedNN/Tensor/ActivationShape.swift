// The extent of what flows between layers.

/// Extent of one clip's activation: `C` channels, `T` frames, `H` × `W` pixels.
public struct ActivationShape: Hashable, Sendable, BitwiseCopyable {
  /// Channels (without padding).
  public let channels: Int
  /// Frames.
  public let frames: Int
  /// Pixels from top to bottom.
  public let height: Int
  /// Pixels from left to right.
  public let width: Int

  /// Channel blocks.
  var blocks: Int { ChannelBlock.count(channels) }
  /// Pixels of one frame, `H·W`.
  var framePixels: Int { height * width }
  /// Pixels of one channel block, `T·H·W`.
  var pixels: Int { frames * framePixels }
  /// Floats of one plane, `H·W·lanes`.
  var planeFloats: Int { framePixels * ChannelBlock.lanes }
  /// Floats of one channel block, `T·H·W·lanes`.
  var blockFloats: Int { pixels * ChannelBlock.lanes }
  /// Floats of one clip, padding included.
  var clipFloats: Int { blocks * blockFloats }
  /// Values of one clip's spatial means, `C·T`.
  var meanCount: Int { channels * frames }

  /// Whether `n` clips are too many for the caches to hold until they are read: then they are
  /// written with non-temporal stores, which spares reading the memory first (half as fast again at
  /// 115 MB).
  func isBeyondCaches(clips n: Int) -> Bool {
    n * clipFloats * MemoryLayout<Float>.stride >= 4 << 20
  }
}
