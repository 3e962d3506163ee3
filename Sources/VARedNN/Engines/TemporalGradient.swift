// Backward-data of convolutions over time that leave out frames: an engine of our own.

import CKernels

/// `dx` of one part of a kernel × 1 × 1 convolution whose frames are more than one apart.
///
/// 4 to 9 % faster than oneDNN's strided backward-data at all layers of R(2+1)D-18 but the last,
/// where it is 3 % slower (with AVX-512; measured in `Benchmarks/README.md`).
struct TemporalGradient {
  /// What a profile calls this engine.
  static let implementation = "vared:temporal_gradient"

  /// Pixels of a frame that are done at once: their gradients stay in the caches for all input
  /// blocks.
  private static let strip = 112

  private let input: ActivationShape
  private let output: ActivationShape
  private let kernel: Int
  private let stride: Int

  /// nil where the convolution is not of this kind.
  init?(_ geometry: ConvolutionGeometry, part: ConvolutionPart) {
    stride = geometry.stride.t * part.temporalStride
    let (kernel, strides) = (geometry.kernel, geometry.stride)
    guard kernel.h * kernel.w * strides.h * strides.w == 1, kernel.t > 1, stride > 1 else {
      return nil
    }
    self.kernel = kernel.t
    input = geometry.input
    output = geometry.output(of: part)
  }

  /// `dx`, assigned, whole.
  /// - Parameters:
  ///   - dy: compact, as the part is.
  ///   - weights: of `TransposedWeights`, not rotated.
  func run(
    _ dy: BlockedClips, weights: UnsafePointer<Float>, into dx: MutableBlockedClips
  ) {
    let strips = (input.framePixels + Self.strip - 1) / Self.strip
    let streamed = input.isBeyondCaches(clips: dy.count)
    Parallel.forEach(dy.count * input.frames * strips) { item in
      let (clip, frame) = (item / (input.frames * strips), item / strips % input.frames)
      let first = item % strips * Self.strip
      var job = vared_temporal_job(
        in_frames: Int32(input.frames), out_frames: Int32(output.frames), kernel: Int32(kernel),
        stride: Int32(stride), frame_pixels: input.framePixels, in_blocks: Int32(input.blocks),
        out_blocks: Int32(output.blocks), dy: dy.clip(clip), weights: weights,
        streamed: streamed)
      ChannelBlock.kernels.temporal_gradient(
        &job, dx.clip(clip), Int32(frame), first,
        min(first + Self.strip, input.framePixels))
    }
  }
}
