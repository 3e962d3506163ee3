// What a convolution computes, apart from how.

/// A length along time, height and width.
public struct Extent: Hashable, Sendable {
  /// Along time.
  public let t: Int
  /// From top to bottom.
  public let h: Int
  /// From left to right.
  public let w: Int

  init(_ t: Int, _ h: Int, _ w: Int) {
    self.t = t
    self.h = h
    self.w = w
  }

  /// `t·h·w`.
  var volume: Int { t * h * w }
}

/// A 3-D convolution without bias, zero padding `⌊kernel/2⌋` on both sides (PyTorch's `Conv3d`).
public struct ConvolutionGeometry: Hashable, Sendable {
  /// One clip's input.
  public let input: ActivationShape
  /// `K`, output channels.
  public let outChannels: Int
  /// `(kT, kH, kW)`.
  public let kernel: Extent
  /// `(sT, sH, sW)`.
  public let stride: Extent
  /// Whether output channel `c` reads input channel `c` alone, of which there are as many
  /// (PyTorch's `groups`); else every output channel reads all.
  public var isDepthwise = false

  /// One that is depthwise, with stride 1 along time.
  static func depthwise(_ input: ActivationShape, kernel: Extent, stride: Int) -> Self {
    ConvolutionGeometry(
      input: input, outChannels: input.channels, kernel: kernel,
      stride: Extent(1, stride, stride), isDepthwise: true)
  }

  /// Input channels that an output channel reads.
  var readChannels: Int { isDepthwise ? 1 : input.channels }

  /// Zero padding before the first frame, row and column.
  var padding: Extent { Extent(kernel.t / 2, kernel.h / 2, kernel.w / 2) }

  /// One clip's output: `⌊(in + 2·padding − kernel)/stride⌋ + 1` along each axis.
  public var output: ActivationShape {
    func extent(_ size: Int, _ kernel: Int, _ stride: Int) -> Int {
      (size + 2 * (kernel / 2) - kernel) / stride + 1
    }
    return ActivationShape(
      channels: outChannels, frames: extent(input.frames, kernel.t, stride.t),
      height: extent(input.height, kernel.h, stride.h),
      width: extent(input.width, kernel.w, stride.w))
  }

  /// For people: `64x8x56x56, 1x3x3 / 1x1x1 -> 144x8x56x56`.
  var summary: String {
    func text(_ shape: ActivationShape) -> String {
      "\(shape.channels)x\(shape.frames)x\(shape.height)x\(shape.width)"
    }
    return "\(text(input)), \(kernel.t)x\(kernel.h)x\(kernel.w) / "
      + "\(stride.t)x\(stride.h)x\(stride.w) -> \(text(output))"
  }

  /// PyTorch's shape of the weights, `[K, C, kT, kH, kW]`, of a depthwise one `[C, 1, …]`.
  var weightShape: [Int] { [outChannels, readChannels, kernel.t, kernel.h, kernel.w] }

  /// Multiply-accumulates of one clip when everything is computed (METHOD §3, `M_l`).
  public var macs: Int { macs(part: wholePart) }

  /// The part that is everything.
  var wholePart: ConvolutionPart { ConvolutionPart(channels: outChannels, temporalStride: 1) }

  /// Frames of the output that `part` computes: `t mod R = 0`.
  func frames(of part: ConvolutionPart) -> Int {
    (output.frames + part.temporalStride - 1) / part.temporalStride
  }

  /// One clip's compact output for `part`: its channels and its frames only.
  func output(of part: ConvolutionPart) -> ActivationShape {
    let full = output
    return ActivationShape(
      channels: part.channels, frames: frames(of: part), height: full.height, width: full.width)
  }

  /// Multiply-accumulates of one clip for `part`; taps in the zero padding count, as in PyTorch's
  /// counter.
  func macs(part: ConvolutionPart) -> Int {
    part.channels * readChannels * kernel.volume * frames(of: part) * output.framePixels
  }
}

/// The part of a convolution's output that is computed (METHOD §1): the first `channels` channels
/// at every `temporalStride`-th frame.
struct ConvolutionPart: Hashable {
  let channels: Int
  let temporalStride: Int
}
