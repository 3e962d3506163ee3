// A convolution's weights in the order in which backward-data reads them.

import CKernels

/// A copy of the weights `[K/l, C/l, taps, l (in), l (out)]`, or of their first rows, made again
/// whenever they changed: as `[K/l, C/l, taps, l (out), l (in)]`, or, rotated, as the weights of
/// the convolution that backward-data is where all strides are 1: `[C/l, K/l, taps reversed, l
/// (out), l (in)]`.
final class TransposedWeights {
  private let inBlocks: Int
  private let outBlocks: Int
  private let taps: Int
  private let rotated: Bool
  private var copy = FloatBuffer(0)
  private var version = -1

  /// - Parameter channels: output channels, the first of the convolution's.
  init(_ geometry: ConvolutionGeometry, channels: Int, rotated: Bool) {
    inBlocks = geometry.input.blocks
    outBlocks = ChannelBlock.count(channels)
    taps = geometry.kernel.volume
    self.rotated = rotated
  }

  /// The copy, of the weights as they are now.
  func current(_ weight: Parameter) -> UnsafePointer<Float> {
    if version != weight.version {
      transpose(weight.value)
      version = weight.version
    }
    return UnsafePointer(copy.base)
  }

  private func transpose(_ weights: UnsafePointer<Float>) {
    let floats = taps * ChannelBlock.lanes * ChannelBlock.lanes
    let (ins, outs) = (inBlocks, outBlocks)
    if copy.count == 0 { copy = FloatBuffer(ins * outs * floats) }
    Parallel.forEach(ins * outs) { i in
      let target = rotated ? i % ins * outs + i / ins : i
      ChannelBlock.kernels.transpose_tiles(
        copy.base + target * floats, weights + i * floats, Int32(taps),
        rotated)
    }
  }
}
