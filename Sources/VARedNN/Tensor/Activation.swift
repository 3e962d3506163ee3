// What flows between layers: a batch in the channel-blocked layout, and its spatial means.

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

/// A batch of activations `[N, C/lanes, T, H, W, lanes]` and their means over H and W `[N, C·T]`
/// (index `c·T + t`), which the soft modulation gates and the classifier read.
final class Activation {
  let shape: ActivationShape
  let batch: Int
  /// Its motion energy; nil in a network whose gates do not see motion.
  let motion: MotionNotes?
  private let storage: Scratch
  private let meanStorage: FloatBuffer

  /// - Parameters:
  ///   - storage: memory lent to several activations in turn, for one whose values are computed again
  ///     where they are read later; nil gives it memory of its own.
  ///   - motion: memory for a plane of every thread, where gates read motion energy.
  init(
    _ shape: ActivationShape, batch: Int, in storage: Scratch? = nil, motion: Scratch? = nil
  ) {
    self.shape = shape
    self.batch = batch
    self.motion = motion.map { MotionNotes(shape, batch: batch, planes: $0) }
    self.storage = storage ?? Scratch()
    self.storage.reserve(batch * shape.clipFloats)
    meanStorage = FloatBuffer(batch * shape.meanCount)
  }

  var data: UnsafeMutablePointer<Float> { storage.base }
  var means: UnsafeMutablePointer<Float> { meanStorage.base }
}

/// Motion energy of an activation `X` (METHOD §4), noted as `X` is written: for every channel and frame
/// the mean over H and W of `|X[t] − X[t−1]|`, 0 at t = 0.
final class MotionNotes {
  /// Whether a gate is going to read it: then it is noted from the next pass on.
  var isWanted = false
  /// Whether it was, in the last one.
  private(set) var isNoted = false
  /// `[N, C·T]`, index `c·T + t`.
  let energies: FloatBuffer
  private let shape: ActivationShape
  private let planes: Scratch

  fileprivate init(_ shape: ActivationShape, batch: Int, planes: Scratch) {
    self.shape = shape
    self.planes = planes
    energies = FloatBuffer(batch * shape.meanCount)
  }

  /// Where the pass that begins notes it; nil where nobody is going to read it.
  func start() -> UnsafeMutablePointer<Float>? {
    isNoted = isWanted
    return isWanted ? energies.base : nil
  }

  /// Memory for the frame before of every thread, plane after plane.
  func framesBefore() -> UnsafeMutablePointer<Float> {
    planes.floats(Parallel.threads * shape.planeFloats)
  }
}

/// The gradient that reaches an activation: the sum of up to two tensors in the activation's
/// layout and of the gradient of its spatial means `[N, C·T]`, already divided by `H·W`.
struct IncomingGradient {
  var first: UnsafePointer<Float>?
  var second: UnsafePointer<Float>?
  var means: UnsafePointer<Float>?
}
