// Backward-data of convolutions over space, on the frames alone that have a gradient.

import CKernels

/// `dx` of one part of a convolution over space that `Winograd` does not pay for. Frames that were
/// left out are neither read nor computed, only zeroed.
///
/// Where the strides over space are 1 too, it is the convolution of the part's `dy` with the
/// weights transposed and rotated: oneDNN's forward, which is faster than its backward-data. Else
/// it is oneDNN's backward-data on frames that lie side by side: for frames that are apart it has
/// no kernel for AVX2, and its reference code takes a hundred times as long.
final class SpatialInputGradient {
  private let primitives: PrimitiveCache
  private let isForward: Bool
  private let input: ActivationShape
  /// What has a gradient: frames of the input, side by side.
  private let kept: ActivationShape
  private let temporalStride: Int
  private let weights: TransposedWeights
  private let scratch: Scratch

  /// nil where frames of the output share frames of the input, or where oneDNN's own backward-data
  /// is as good.
  /// - Parameters:
  ///   - transposed: the convolution's weights, as oneDNN's backward-data reads them.
  ///   - rotated: the rotated copy of the part's weights.
  ///   - scratch: memory for the gradients of the frames that have any.
  init?(
    _ convolution: ConvolutionGeometry, part: ConvolutionPart, transposed: TransposedWeights,
    rotated: @autoclosure () -> TransposedWeights, scratch: Scratch
  ) {
    let (kernel, stride) = (convolution.kernel, convolution.stride)
    isForward = stride == Extent(1, 1, 1)
    temporalStride = stride.t * part.temporalStride
    guard kernel.h * kernel.w > 1, isForward || temporalStride > 1,
      kernel.t == 1 || temporalStride == 1
    else { return nil }
    let output = convolution.output(of: part)
    input = convolution.input
    kept = ActivationShape(
      channels: input.channels, frames: output.frames, height: input.height, width: input.width)
    let geometry =
      isForward
      ? ConvolutionGeometry(
        input: output, outChannels: input.channels, kernel: kernel, stride: stride)
      : ConvolutionGeometry(
        input: kept, outChannels: part.channels, kernel: kernel,
        stride: Extent(1, stride.h, stride.w))
    primitives = PrimitiveCache(geometry, isStem: false)
    weights = isForward ? rotated() : transposed
    self.scratch = scratch
  }

  /// oneDNN's name for the code that runs for `n` clips.
  func implementation(clips n: Int) -> String { primitive(n).implementation }

  private func primitive(_ n: Int) -> DNNLPrimitive {
    let primitives = primitives[n, primitives.geometry.wholePart]
    return isForward ? primitives.forward : primitives.backwardData
  }

  /// `dx`, assigned, whole.
  /// - Parameter step: of how many clips oneDNN computes it at a time.
  func run(
    _ dy: BlockedClips, weight: Parameter, into dx: MutableBlockedClips, clipsAtATime step: Int
  ) {
    let (weights, primitive) = (weights.current(weight), primitive(step))
    let gradient = temporalStride > 1 ? scratch.clips(kept, dy.count) : dx
    for clip in stride(from: 0, to: dy.count, by: step) {
      primitive.execute(dy.clip(clip), weights, gradient.clip(clip))
    }
    guard temporalStride > 1 else { return }
    let sampling = vared_sampling(
      whole: .init(input), kept: .init(kept), stride: .init(Extent(temporalStride, 1, 1)))
    withUnsafePointer(to: sampling) { sampling in
      Parallel.forEach(dy.count * kept.blocks) { item in
        ChannelBlock.kernels.upsample_zero(sampling, dx.item(item), gradient.item(item))
      }
    }
  }
}
