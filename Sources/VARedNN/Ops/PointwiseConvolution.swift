// The 1×1×1 strided convolution of the shortcuts.

import CKernels

/// A strided 1×1×1 convolution: the pixels that the stride keeps, then a dense one, which oneDNN
/// runs at full speed in every direction (a strided one has no fast backward-data there).
final class PointwiseConvolution {
  let output: ActivationShape
  private let input: ActivationShape
  private let stride: Extent
  private let dense: Convolution
  private let kept: FloatBuffer
  private let keptGradient: Scratch

  init(
    input: ActivationShape, outChannels: Int, stride: Extent, name: String, context: LayerContext
  ) {
    self.input = input
    self.stride = stride
    let strided = ConvolutionGeometry(
      input: input, outChannels: outChannels, kernel: Extent(1, 1, 1), stride: stride)
    output = strided.output
    let keptShape = ActivationShape(
      channels: input.channels, frames: output.frames, height: output.height, width: output.width)
    dense = Convolution(
      ConvolutionGeometry(
        input: keptShape, outChannels: outChannels, kernel: Extent(1, 1, 1),
        stride: Extent(1, 1, 1)),
      name: name, context: context)
    kept = FloatBuffer(context.batch * keptShape.clipFloats)
    keptGradient = context.workspace.gathered
  }

  /// One clip's multiply-accumulates.
  var macs: Int { dense.geometry.macs }

  /// `y = conv(x, W)`, assigned; keeps the pixels of `x` that it used for backward.
  func forward(
    _ x: UnsafePointer<Float>, clips n: Int, into y: UnsafeMutablePointer<Float>
  ) {
    let from = dense.geometry.input
    withUnsafePointer(to: sampling) { sampling in
      Parallel.forEach(n * from.blocks) { item in
        ChannelBlock.kernels.subsample(
          sampling, kept.base + item * from.blockFloats, x + item * input.blockFloats)
      }
    }
    dense.forward(kept.base, clips: n, part: dense.geometry.wholePart, into: y)
  }

  /// Weight gradient and `dx`, assigned.
  func backward(
    _ dy: UnsafePointer<Float>, clips n: Int, into dx: UnsafeMutablePointer<Float>
  ) {
    let part = dense.geometry.wholePart
    dense.backwardWeights(ConvolutionInput(kept.base), dy, clips: n)
    let to = dense.geometry.input
    let gradient = keptGradient.floats(n * to.clipFloats)
    dense.backwardData(dy, clips: n, part: part, into: gradient)
    withUnsafePointer(to: sampling) { sampling in
      Parallel.forEach(n * to.blocks) { item in
        ChannelBlock.kernels.upsample_zero(
          sampling, dx + item * input.blockFloats, gradient + item * to.blockFloats)
      }
    }
  }

  /// What the stride keeps of a channel block.
  private var sampling: vared_sampling {
    vared_sampling(
      whole: .init(input), kept: .init(dense.geometry.input), stride: .init(stride))
  }
}
