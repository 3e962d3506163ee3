// The residual block of R(2+1)D.

/// torchvision's `BasicBlock` with `Conv2Plus1D`: two factorised convolutions, each a 1×3×3 and a
/// 3×1×1 with batch norm and ReLU between, and a shortcut.
final class BasicBlock {
  /// `conv1.0.0`, `conv1.0.3`, `conv2.0.0`, `conv2.0.3`, each with the batch norm that follows.
  let units: [ConvolutionUnit]
  private let projection: Projection?

  /// A projection shortcut: 1×1×1 convolution and batch norm.
  private final class Projection {
    let convolution: PointwiseConvolution
    let norm: BatchNorm
    let projected: FloatBuffer
    private let profile: WorkProfile

    init(
      input: ActivationShape, planes: Int, stride: Int, name: String, context: NetworkContext
    ) {
      convolution = PointwiseConvolution(
        input: input, outChannels: planes, stride: Extent(stride, stride, stride),
        name: "\(name).0", batch: context.batch, parameters: context.parameters,
        workspace: context.workspace, counter: context.counter)
      context.addStatic(macs: convolution.macs)
      profile = context.counter.profile
      norm = BatchNorm(
        convolution.output, name: "\(name).1", before: .sum, parameters: context.parameters,
        counter: context.counter, reducer: context.reducer)
      projected = FloatBuffer(context.batch * convolution.output.clipFloats)
    }

    func forward(
      _ x: Activation, clips n: Int, training: Bool
    ) throws -> BatchNorm.Residual {
      convolution.forward(x.data, clips: n, into: projected.base)
      try profile.time(.batchNorm) {
        try norm.prepare(for: projected.base, clips: n, training: training)
      }
      return norm.residual(projected.base)
    }

    /// Parameter gradients and `dx`, assigned; returns `dx`.
    func backward(
      _ dy: UnsafePointer<Float>, clips n: Int, buffers: GradientBuffers,
      into dx: UnsafeMutablePointer<Float>
    ) throws -> UnsafePointer<Float> {
      try profile.time(.batchNorm) {
        try norm.backward(
          IncomingGradient(first: dy), mask: .none, x: projected.base, clips: n,
          into: buffers.projected.base)
      }
      convolution.backward(buffers.projected.base, clips: n, into: dx)
      return UnsafePointer(dx)
    }
  }

  /// Scale 1 and shift 0: the identity shortcut as an affine map.
  private let one: FloatBuffer
  private let zero: FloatBuffer

  init(input: ActivationShape, planes: Int, stride: Int, name: String, context: NetworkContext) {
    let inPlanes = input.channels
    // torchvision's mid-channel rule (METHOD §5), one number for both convolutions of the block.
    let mid = inPlanes * planes * 27 / (inPlanes * 9 + 3 * planes)
    var shape = input
    let inner = context.workspace.inner
    func factorised(
      _ prefix: String, _ normName: String, stride: Int, output: Scratch?
    ) -> [ConvolutionUnit] {
      let spatial = ConvolutionGeometry(
        input: shape, outChannels: mid, kernel: Extent(1, 3, 3), stride: Extent(1, stride, stride))
      let temporal = ConvolutionGeometry(
        input: spatial.output, outChannels: planes, kernel: Extent(3, 1, 1),
        stride: Extent(stride, 1, 1))
      shape = temporal.output
      return [
        ConvolutionUnit(
          spatial, name: "\(name).\(prefix).0.0", normName: "\(name).\(prefix).0.1",
          in: inner[0], context: context),
        ConvolutionUnit(
          temporal, name: "\(name).\(prefix).0.3", normName: "\(name).\(normName)", in: output,
          context: context),
      ]
    }
    units =
      factorised("conv1", "conv1.1", stride: stride, output: inner[1])
      + factorised("conv2", "conv2.1", stride: 1, output: nil)
    projection =
      stride == 1 && inPlanes == planes
      ? nil
      : Projection(
        input: input, planes: planes, stride: stride, name: "\(name).downsample", context: context)
    one = FloatBuffer(ChannelBlock.padded(planes))
    one.all.update(repeating: 1)
    zero = FloatBuffer(ChannelBlock.padded(planes))
  }

  var output: Activation { units[3].output }

  func forward(_ x: Activation, clips n: Int, training: Bool) throws {
    var input = x
    for unit in units.dropLast() {
      try unit.forward(input, clips: n, training: training)
      input = unit.output
    }
    let residual =
      try projection?.forward(x, clips: n, training: training)
      ?? BatchNorm.Residual(data: x.data, scale: one.base, shift: zero.base, norm: nil)
    try units[3].forward(input, clips: n, training: training, residual: residual)
  }

  /// - Parameters:
  ///   - costGradient: `∂L/∂ρ` of each clip, for the block's unit of this index.
  ///   - ready: called as the gradients from a flat offset on become final.
  /// - Returns: the gradient that reaches `x`.
  func backward(
    _ dy: IncomingGradient, x: Activation, clips n: Int, costGradient: (Int) -> CostGradient?,
    buffers: GradientBuffers, ready: (Int) throws -> Void
  ) throws -> IncomingGradient {
    let masked = buffers.nextShortcut()
    var shortcut = UnsafePointer(masked)
    var gradient = dy
    for i in [3, 2, 1, 0] {
      gradient = try units[i].backward(
        gradient, x: i == 0 ? ConvolutionInput(x.data) : units[i - 1].outputAsInput, clips: n,
        shortcut: i == 3 ? masked : nil, costGradients: costGradient(i), buffers: buffers)
      if i == 3, let projection {
        // What the block's own gradient was read from is free by now.
        shortcut = try projection.backward(
          masked, clips: n, buffers: buffers, into: buffers.previousShortcut)
      }
      try ready(units[i].firstParameter)
    }
    gradient.second = shortcut
    return gradient
  }
}
