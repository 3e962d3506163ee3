// Batch norm and ReLU in the convolution before them, for inference.

/// The scale of the batch norm that follows a convolution multiplied into the weights; the norm's
/// shift is the bias. The engine either keeps such weights itself, or reads a copy that is made
/// here, at the first inference and again whenever parameters or running statistics changed.
final class FoldedNorm {
  private let norm: BatchNorm
  private let weight: Parameter
  private let floatsOfBlock: Int
  private var copy = FloatBuffer(0)
  private var copyVersion = -1

  /// - Parameter norm: of running statistics, followed by a ReLU and no sum, whose spatial means
  ///   are not read.
  init(_ norm: BatchNorm, behind convolution: Convolution) {
    self.norm = norm
    weight = convolution.weight
    floatsOfBlock = convolution.weightFloats(channels: ChannelBlock.lanes)
  }

  /// `relu(conv(x)·scale + shift)`: weights and bias, as of now.
  func current() -> (weights: UnsafePointer<Float>, bias: UnsafePointer<Float>) {
    let affine = currentAffine()
    if copyVersion != weight.version {
      fold()
      copyVersion = weight.version
    }
    return (UnsafePointer(copy.base), affine.shift)
  }

  /// The norm by its running statistics as of now, for an engine that keeps such weights itself.
  func currentAffine() -> Affine {
    norm.useRunningStatistics()
    return norm.affine
  }

  /// The weights are rows of one value for each output channel of a block, block after block.
  private func fold() {
    let (lanes, floats) = (ChannelBlock.lanes, floatsOfBlock)
    if copy.count == 0 { copy = FloatBuffer(floats * norm.shape.blocks) }
    let (from, to, scale) = (weight.value, copy.base, norm.scale.base)
    Parallel.forEach(norm.shape.blocks) { block in
      for row in stride(from: block * floats, to: (block + 1) * floats, by: lanes) {
        for lane in 0..<lanes {
          to[row + lane] = from[row + lane] * scale[block * lanes + lane]
        }
      }
    }
  }

  /// Records what the convolution does for the norm.
  func record(clips n: Int) { norm.recordFolded(clips: n) }
}
