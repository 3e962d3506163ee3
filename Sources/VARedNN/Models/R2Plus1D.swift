// R(2+1)D (Tran et al., "A closer look at spatiotemporal convolutions", CVPR 2018; METHOD §5), with
// the structure and the parameter names of torchvision.models.video.r2plus1d_18.

/// Every 3×3×3 convolution of a residual network is a 1×3×3 one over space and a 3×1×1 one over
/// time, each with batch norm and ReLU:
///
/// | part | kernels / stride, times blocks of 18 (34) layers | channels at width 1 |
/// |---|---|---|
/// | `stem` | 1×7×7 / 1,2,2; 3×1×1 | 45; 64 |
/// | `layer1` | [1×3×3, 3×1×1] × 2, × 2 (3) | 64 |
/// | `layer2` | the same, the first block / 2,2,2; × 2 (4) | 128 |
/// | `layer3` | as `layer2`, × 2 (6) | 256 |
/// | `layer4` | as `layer2`, × 2 (3) | 512 |
///
/// Then come the mean over time and space and `fc`. The stem and the shortcuts are never dynamic.
struct R2Plus1D {
  /// Residual blocks of each stage.
  let blocks: [Int]
  /// Channel multiplier.
  let width: Double

  static func layers18(width: Double) -> Self { Self(blocks: [2, 2, 2, 2], width: width) }
  static func layers34(width: Double) -> Self { Self(blocks: [3, 4, 6, 3], width: width) }

  func backbone(of clip: ActivationShape, _ context: NetworkContext) -> Backbone {
    let stem = R2Plus1DStem(
      clip, middle: scaled(45), channels: scaled(64), context)
    var blocks: [ResidualBlock] = []
    for (stage, count) in self.blocks.enumerated() {
      for index in 0..<count {
        let input = blocks.last?.output ?? stem.output
        let stride = stage > 0 && index == 0 ? 2 : 1
        blocks.append(
          Self.block(
            of: input, channels: scaled(64 << stage), stride: stride,
            name: "layer\(stage + 1).\(index)", context))
      }
    }
    return Backbone(stem: stem, blocks: blocks)
  }

  private func scaled(_ channels: Int) -> Int {
    max(1, Int((Double(channels) * width).rounded()))
  }

  /// torchvision's `BasicBlock` of two `Conv2Plus1D`.
  private static func block(
    of input: FeatureMap, channels: Int, stride: Int, name: String, _ context: NetworkContext
  ) -> ResidualBlock {
    let (ins, inner) = (input.shape.channels, context.layers.workspace.inner)
    // As many parameters as 3×3×3 kernels: torchvision takes one number for both convolutions.
    let middle = ins * channels * 27 / (ins * 9 + 3 * channels)
    var units: [ConvolutionUnit] = []
    func add(
      _ kernel: Extent, _ stride: Extent, to channels: Int, _ convolution: String, _ norm: String,
      in storage: Scratch?
    ) {
      units.append(
        ConvolutionUnit(
          .init(
            input: .map(units.last?.output ?? input), channels: channels, kernel: kernel,
            stride: stride, name: "\(name).\(convolution)", normName: "\(name).\(norm)",
            epilogue: storage == nil ? .residualAndReLU : .relu, storage: storage), context))
    }
    let (space, time) = (Extent(1, 3, 3), Extent(3, 1, 1))
    let one = Extent(1, 1, 1)
    add(space, Extent(1, stride, stride), to: middle, "conv1.0.0", "conv1.0.1", in: inner[0])
    add(time, Extent(stride, 1, 1), to: channels, "conv1.0.3", "conv1.1", in: inner[1])
    add(space, one, to: middle, "conv2.0.0", "conv2.0.1", in: inner[0])
    add(time, one, to: channels, "conv2.0.3", "conv2.1", in: nil)
    let isIdentity = stride == 1 && ins == channels
    let projection =
      isIdentity
      ? nil
      : ProjectionShortcut(
        of: input, channels: channels, stride: Extent(stride, stride, stride),
        name: "\(name).downsample.0", normName: "\(name).downsample.1", context)
    return ResidualBlock(
      Array(units.dropLast()), units[units.count - 1], of: input, projection: projection)
  }
}

/// torchvision's `R2Plus1dStem`; never dynamic.
private final class R2Plus1DStem: Stem {
  private let spatial: ConvolutionUnit
  private let temporal: ConvolutionUnit

  init(_ clip: ActivationShape, middle: Int, channels: Int, _ context: NetworkContext) {
    spatial = ConvolutionUnit(
      .init(
        input: .clips(clip), channels: middle, kernel: Extent(1, 7, 7), stride: Extent(1, 2, 2),
        name: "stem.0", normName: "stem.1", storage: context.layers.workspace.inner[0],
        mayBeDynamic: false, feedsGate: false), context)
    temporal = ConvolutionUnit(
      .init(
        input: .map(spatial.output), channels: channels, kernel: Extent(3, 1, 1), name: "stem.3",
        normName: "stem.4", mayBeDynamic: false), context)
  }

  var output: FeatureMap { temporal.output }

  func forward(_ clips: Clips, training: Bool) throws {
    try spatial.forward(clips, training: training)
    try temporal.forward(clips: clips.count, training: training)
  }

  func backward(_ dy: IncomingGradient, clips: Clips, _ pass: BackwardPass) throws {
    try spatial.backward(try temporal.backward(dy, pass, shortcut: nil), clips: clips, pass)
  }
}
