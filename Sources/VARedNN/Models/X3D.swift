// X3D (Feichtenhofer, "X3D: Expanding architectures for efficient video recognition", CVPR 2020;
// METHOD §5), with the structure and the parameter names of PyTorchVideo's create_x3d.

/// A narrow network of inverted bottlenecks that keeps all frames to the end:
///
/// | part | kernels / stride, times blocks of M (L) | channels at width 1 |
/// |---|---|---|
/// | `blocks.0` | 1×3×3 / 1,2,2; depthwise 5×1×1 | 24 |
/// | `blocks.1` | [1×1×1, depthwise 3×3×3, 1×1×1], the first / 1,2,2; × 3 (5) | 54, 24 |
/// | `blocks.2` | the same, × 5 (10) | 108, 48 |
/// | `blocks.3` | the same, × 11 (25) | 216, 96 |
/// | `blocks.4` | the same, × 7 (15) | 432, 192 |
/// | `blocks.5` | 1×1×1; the mean over time and space; two linear layers | 432; 2048, classes |
///
/// Behind the depthwise convolutions of the stages comes swish, and in every second block, the
/// first among them, squeeze-and-excitation before it; elsewhere ReLU. XS, S and M are one network
/// that reads clips of 4×160², 13×160² and 16×224². Dynamic are the three convolutions of every
/// block, each on its own; never the stem, the shortcuts and the 1×1×1 of `blocks.5`.
struct X3D {
  /// Blocks of each stage: those of the smallest network, 1, 2, 5 and 3, times the depth factor,
  /// rounded up.
  let blocks: [Int]
  /// Channel multiplier.
  let width: Double

  /// Depth factor 2.2.
  static func medium(width: Double) -> Self { Self(blocks: [3, 5, 11, 7], width: width) }
  /// Depth factor 5.
  static func large(width: Double) -> Self { Self(blocks: [5, 10, 25, 15], width: width) }

  func backbone(of clip: ActivationShape, _ context: NetworkContext) -> Backbone {
    let stem = X3DStem(clip, channels: scaled(24), context)
    var blocks: [any Block] = []
    for (stage, count) in self.blocks.enumerated() {
      for index in 0..<count {
        blocks.append(
          Self.block(
            of: blocks.last?.output ?? stem.output, channels: scaled(24 << stage),
            stride: index == 0 ? 2 : 1, hasExcitation: index % 2 == 0,
            name: "blocks.\(stage + 1).res_blocks.\(index)", context))
      }
    }
    blocks.append(
      ConvolutionUnit(
        .init(
          input: .map(blocks.last?.output ?? stem.output), channels: Self.inner(scaled(24 << 3)),
          kernel: Extent(1, 1, 1), name: "blocks.5.pool.pre_conv",
          normName: "blocks.5.pool.pre_norm", mayBeDynamic: false, feedsGate: false,
          feedsPooling: true), context))
    return Backbone(
      stem: stem, blocks: blocks,
      head: .init(
        name: "blocks.5.proj", hidden: .init(name: "blocks.5.pool.post_conv", units: scaled(2048))))
  }

  private func scaled(_ channels: Int) -> Int {
    max(1, Int((Double(channels) * width).rounded()))
  }

  /// Channels between the 1×1×1 convolutions of a block.
  private static func inner(_ channels: Int) -> Int { channels * 9 / 4 }

  /// A sixteenth of the channels as the nearest multiple of 8, at least 8, the next one where that
  /// is less than 90 % of it (PyTorchVideo's `round_width`).
  static func excitationUnits(_ channels: Int) -> Int {
    let exact = Double(channels) / 16
    let rounded = max(8, Int(exact + 4) / 8 * 8)
    return Double(rounded) < 0.9 * exact ? rounded + 8 : rounded
  }

  /// PyTorchVideo's `ResBlock` around a `BottleneckBlock`.
  private static func block(
    of input: FeatureMap, channels: Int, stride: Int, hasExcitation: Bool, name: String,
    _ context: NetworkContext
  ) -> ResidualBlock {
    let (inner, one) = (inner(channels), Extent(1, 1, 1))
    let isSameShape = stride == 1 && input.shape.channels == channels
    let projection =
      isSameShape
      ? nil
      : ProjectionShortcut(
        of: input, channels: channels, stride: Extent(1, stride, stride),
        name: "\(name).branch1_conv",
        normName: input.shape.channels == channels ? nil : "\(name).branch1_norm", context)
    let expansion = ConvolutionUnit(
      .init(
        input: .map(input), channels: inner, kernel: one, name: "\(name).branch2.conv_a",
        normName: "\(name).branch2.norm_a", storage: context.layers.workspace.inner[0]), context)
    let depthwise = DepthwiseUnit(
      of: expansion.output, stride: stride, name: "\(name).branch2.conv_b",
      normName: "\(name).branch2.norm_b.0",
      excitation: hasExcitation
        ? ("\(name).branch2.norm_b.1", excitationUnits(inner)) : nil, context)
    let reduction = ConvolutionUnit(
      .init(
        input: .map(depthwise.output), channels: channels, kernel: one,
        name: "\(name).branch2.conv_c", normName: "\(name).branch2.norm_c",
        epilogue: .residualAndReLU), context)
    return ResidualBlock([expansion, depthwise], reduction, of: input, projection: projection)
  }
}

/// PyTorchVideo's stem: a convolution over space, straight into one over time, batch norm and ReLU.
private final class X3DStem: Stem {
  let output: FeatureMap
  private let spatial: Convolution
  private let temporal: DepthwiseConvolution
  private let norm: BatchNorm
  /// What the two convolutions put out, read again by backward.
  private let middle: FloatBuffer
  private let convolved: FloatBuffer
  private var moments: [Double]
  private let profile: WorkProfile

  init(_ clip: ActivationShape, channels: Int, _ context: NetworkContext) {
    let layers = context.layers
    let geometry = ConvolutionGeometry(
      input: clip, outChannels: channels, kernel: Extent(1, 3, 3), stride: Extent(1, 2, 2))
    // PyTorchVideo has the names of the two the other way round.
    spatial = Convolution(geometry, name: "blocks.0.conv.conv_t", isStem: true, context: layers)
    temporal = DepthwiseConvolution(
      .depthwise(geometry.output, kernel: Extent(5, 1, 1), stride: 1),
      name: "blocks.0.conv.conv_xy", context: layers)
    context.addStatic(macs: geometry.macs + temporal.macs)
    norm = BatchNorm(temporal.output, name: "blocks.0.norm", before: .relu, context: layers)
    output = context.featureMap(temporal.output)
    middle = FloatBuffer(layers.batch * geometry.output.clipFloats)
    convolved = FloatBuffer(layers.batch * temporal.output.clipFloats)
    moments = [Double](
      repeating: 0, count: layers.batch * temporal.output.blocks * 2 * ChannelBlock.lanes)
    profile = layers.counter.profile
  }

  func forward(_ clips: Clips, training: Bool) throws {
    let n = clips.count
    let (between, y) = (middle.clips(temporal.input, n), convolved.clips(temporal.output, n))
    spatial.forward(clips, into: between)
    temporal.forward(between.reading, into: y, moments: &moments)
    try profile.time(.batchNorm) {
      if training {
        try norm.takeStatistics(clips: n, from: moments)
      } else {
        norm.useRunningStatistics()
      }
      norm.apply(y.reading, into: output)
    }
  }

  func backward(_ dy: IncomingGradient, clips: Clips, _ pass: BackwardPass) throws {
    let n = pass.clips
    let dConvolved = pass.buffers.convolved.clips(temporal.output, n)
    let dMiddle = pass.buffers.projected.clips(temporal.input, n)
    try profile.time(.batchNorm) {
      try norm.backward(
        dy, mask: .ownOutput, x: convolved.clips(temporal.output, n).reading, into: dConvolved)
    }
    temporal.backward(
      middle.clips(temporal.input, n).reading, dConvolved.reading, into: dMiddle)
    spatial.backwardWeights(clips, dMiddle.reading)
  }
}
