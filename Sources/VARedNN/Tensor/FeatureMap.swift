// What flows between layers: a batch in the channel-blocked layout, and its spatial means.

/// A batch of activations `[N, C/lanes, T, H, W, lanes]` and their means over H and W `[N, C·T]`
/// (index `c·T + t`), which the soft modulation gates and the classifier read.
final class FeatureMap {
  let shape: ActivationShape
  let batch: Int
  /// Its motion energy; nil in a network whose gates do not see motion.
  let motion: MotionNotes?
  /// Where backward finds the values of a map in borrowed memory: it computes them again. Nil: they
  /// are kept.
  var origin: ConvolutionInput?
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
    self.motion = motion.map { MotionNotes(shape, batch: batch, planes: $0) }
    self.storage = storage ?? Scratch()
    self.storage.reserve(batch * shape.clipFloats)
    meanStorage = FloatBuffer(batch * shape.meanCount)
  }

  var data: UnsafeMutablePointer<Float> { storage.base }
  var means: UnsafeMutablePointer<Float> { meanStorage.base }

  /// What backward of the convolution that read this finds of it.
  var asInput: ConvolutionInput { origin ?? ConvolutionInput(data) }
}

/// The gradient that reaches an activation: the sum of up to two tensors in the activation's
/// layout and of the gradient of its spatial means `[N, C·T]`, already divided by `H·W`.
struct IncomingGradient {
  var first: UnsafePointer<Float>?
  var second: UnsafePointer<Float>?
  var means: UnsafePointer<Float>?
}
