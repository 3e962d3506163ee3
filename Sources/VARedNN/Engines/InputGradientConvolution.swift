// Backward-data as the forward convolution that it is, where strides are 1.

import CKernels

/// `dx` of one part of a convolution over space that `Winograd` does not pay for: the convolution
/// of the part's `dy` with the weights transposed and rotated. Frames that were left out are
/// neither read nor computed, only zeroed.
final class InputGradientConvolution {
  private let geometry: ConvolutionGeometry
  private let input: ActivationShape
  private let temporalStride: Int
  private let primitives: PrimitiveCache
  private let weights: TransposedWeights
  private let scratch: Scratch

  /// nil where backward-data is no such convolution, or not a faster one.
  /// - Parameters:
  ///   - weights: the rotated copy of the part's weights.
  ///   - scratch: memory for the gradients of the frames that have any.
  init?(
    _ convolution: ConvolutionGeometry, part: ConvolutionPart,
    weights: @autoclosure () -> TransposedWeights, scratch: Scratch
  ) {
    let kernel = convolution.kernel
    guard convolution.stride == Extent(1, 1, 1), kernel.h * kernel.w > 1,
      kernel.t == 1 || part.temporalStride == 1
    else { return nil }
    geometry = ConvolutionGeometry(
      input: convolution.output(of: part), outChannels: convolution.input.channels, kernel: kernel,
      stride: convolution.stride)
    input = convolution.input
    temporalStride = part.temporalStride
    primitives = PrimitiveCache(geometry, isStem: false)
    self.weights = weights()
    self.scratch = scratch
  }

  /// oneDNN's name for the code that runs for `n` clips.
  func implementation(clips n: Int) -> String { primitive(n).implementation }

  private func primitive(_ n: Int) -> DNNLPrimitive { primitives[n, geometry.wholePart].forward }

  /// `dx`, assigned, whole.
  /// - Parameter step: of how many clips oneDNN computes it at a time.
  func run(
    _ dy: BlockedClips, weight: Parameter, into dx: MutableBlockedClips, clipsAtATime step: Int
  ) {
    let (weights, primitive) = (weights.current(weight), primitive(step))
    let from = geometry.output
    let gradient = temporalStride > 1 ? scratch.clips(from, dy.count) : dx
    for clip in stride(from: 0, to: dy.count, by: step) {
      primitive.execute(dy.clip(clip), weights, gradient.clip(clip))
    }
    guard temporalStride > 1 else { return }
    let sampling = vared_sampling(
      whole: .init(input), kept: .init(from), stride: .init(Extent(temporalStride, 1, 1)))
    withUnsafePointer(to: sampling) { sampling in
      Parallel.forEach(dy.count * from.blocks) { item in
        ChannelBlock.kernels.upsample_zero(sampling, dx.item(item), gradient.item(item))
      }
    }
  }
}
