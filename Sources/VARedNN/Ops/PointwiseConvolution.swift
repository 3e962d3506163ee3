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
  func forward(_ x: BlockedClips, into y: MutableBlockedClips) {
    let from = dense.geometry.input
    let kept = kept.clips(from, x.count)
    withUnsafePointer(to: sampling) { sampling in
      Parallel.forEach(x.count * from.blocks) { item in
        ChannelBlock.kernels.subsample(sampling, kept.item(item), x.item(item))
      }
    }
    dense.forward(kept.reading, part: dense.geometry.wholePart, into: y)
  }

  /// Weight gradient and `dx`, assigned.
  func backward(_ dy: BlockedClips, into dx: MutableBlockedClips) {
    let (n, to) = (dy.count, dense.geometry.input)
    dense.backwardWeights(ConvolutionInput(kept.clips(to, n).reading), dy)
    let gradient = keptGradient.clips(to, n)
    dense.backwardData(dy, part: dense.geometry.wholePart, into: gradient)
    withUnsafePointer(to: sampling) { sampling in
      Parallel.forEach(n * to.blocks) { item in
        ChannelBlock.kernels.upsample_zero(sampling, dx.item(item), gradient.item(item))
      }
    }
  }

  /// What the stride keeps of a channel block.
  private var sampling: vared_sampling {
    vared_sampling(
      whole: .init(input), kept: .init(dense.geometry.input), stride: .init(stride))
  }
}
