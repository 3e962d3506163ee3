// What flows between layers: a batch in the channel-blocked layout, and its spatial means.

/// A batch of activations `[N, C/lanes, T, H, W, lanes]` and their means over H and W `[N, C·T]`
/// (index `c·T + t`), which the soft modulation gates and the classifier read.
final class FeatureMap {
  let shape: ActivationShape
  let batch: Int
  /// Its motion energy; nil in a network whose gates do not see motion.
  let motion: MotionStatistics?
  /// Where backward finds the values of a map in borrowed memory: it computes them again, as
  /// `max(affine(data), 0)`. Nil: they are kept.
  var origin: (data: FloatBuffer, affine: Affine)?
  private let storage: Scratch
  private let meanStorage: FloatBuffer

  /// - Parameters:
  ///   - storage: memory lent to several maps in turn, for one that has an `origin`; nil gives it
  ///     memory of its own.
  ///   - motion: memory for a plane of every thread, where gates read motion energy.
  init(
    _ shape: ActivationShape, batch: Int, in storage: Scratch? = nil, motion: Scratch? = nil
  ) {
    self.shape = shape
    self.batch = batch
    self.motion = motion.map { MotionStatistics(shape, batch: batch, planes: $0) }
    self.storage = storage ?? Scratch()
    self.storage.reserve(batch * shape.clipFloats)
    meanStorage = FloatBuffer(batch * shape.meanCount)
  }

  var data: UnsafeMutablePointer<Float> { storage.base }
  var means: UnsafeMutablePointer<Float> { meanStorage.base }

  /// The first `n` clips.
  func clips(_ n: Int) -> BlockedClips { writable(n).reading }

  /// The first `n` clips, to be written.
  func writable(_ n: Int) -> MutableBlockedClips {
    assert(n <= batch, "\(n) clips of a map for \(batch)")
    return MutableBlockedClips(data, shape, count: n)
  }

  /// What backward of the convolution that read this finds of it.
  func asInput(_ n: Int) -> ConvolutionInput {
    guard let origin else { return ConvolutionInput(clips(n)) }
    return ConvolutionInput(origin.data.clips(shape, n).reading, affine: origin.affine)
  }
}

/// The gradient that reaches an activation: the sum of up to two tensors in the activation's
/// layout and of the gradient of its spatial means `[N, C·T]`, already divided by `H·W`.
struct IncomingGradient {
  var first: BlockedClips?
  var second: BlockedClips?
  var means: UnsafePointer<Float>?
}
