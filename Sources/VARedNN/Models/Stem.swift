// The stem of R(2+1)D.

/// torchvision's `R2Plus1dStem`: 1×7×7 (stride 2), batch norm, ReLU, 3×1×1, batch norm, ReLU; never
/// dynamic.
final class Stem {
  /// After the spatial convolution, in memory that other layers use too.
  let middle: Activation
  let output: Activation
  private let spatial: Convolution
  private let spatialNorm: BatchNorm
  private let temporal: Convolution
  private let temporalNorm: BatchNorm
  private let spatialConvolved: FloatBuffer
  private let temporalConvolved: FloatBuffer
  private let foldedSpatial: FoldedNorm
  /// Where no gate reads the means of the stem's output.
  private let foldedTemporal: FoldedNorm?
  private let profile: WorkProfile

  init(_ configuration: NetworkConfiguration, context: NetworkContext) {
    let clip = ActivationShape(
      channels: 3, frames: configuration.frames, height: configuration.size,
      width: configuration.size)
    let first = ConvolutionGeometry(
      input: clip, outChannels: configuration.stemChannels, kernel: Extent(1, 7, 7),
      stride: Extent(1, 2, 2))
    let second = ConvolutionGeometry(
      input: first.output, outChannels: configuration.planes[0], kernel: Extent(3, 1, 1),
      stride: Extent(1, 1, 1))
    spatial = context.convolution(first, name: "stem.0", isStem: true)
    spatialNorm = BatchNorm(
      first.output, name: "stem.1", before: .relu, parameters: context.parameters,
      counter: context.counter, reducer: context.reducer)
    temporal = context.convolution(second, name: "stem.3")
    temporalNorm = BatchNorm(
      second.output, name: "stem.4", before: .relu, parameters: context.parameters,
      counter: context.counter, reducer: context.reducer)
    foldedSpatial = FoldedNorm(spatialNorm, behind: spatial)
    foldedTemporal = context.dynamic == nil ? FoldedNorm(temporalNorm, behind: temporal) : nil
    context.addStatic(macs: first.macs + second.macs)
    profile = context.counter.profile
    middle = Activation(first.output, batch: context.batch, in: context.workspace.inner[0])
    output = context.activation(second.output)
    spatialConvolved = FloatBuffer(context.batch * first.output.clipFloats)
    temporalConvolved = FloatBuffer(context.batch * second.output.clipFloats)
  }

  /// - Parameter clips: `[n, 3, T, H, W]`, plain.
  func forward(_ clips: UnsafePointer<Float>, count n: Int, training: Bool) throws {
    try forward(
      spatial, spatialNorm, folded: foldedSpatial, clips, count: n, training: training,
      by: spatialConvolved, into: middle)
    try forward(
      temporal, temporalNorm, folded: foldedTemporal, middle.data, count: n, training: training,
      by: temporalConvolved, into: output)
  }

  /// A convolution, the batch norm behind it and ReLU.
  private func forward(
    _ convolution: Convolution, _ norm: BatchNorm, folded: FoldedNorm?, _ x: UnsafePointer<Float>,
    count n: Int, training: Bool, by convolved: FloatBuffer, into y: Activation
  ) throws {
    if let folded, !training {
      return convolution.forward(x, clips: n, folding: folded, into: y.data)
    }
    convolution.forward(
      x, clips: n, part: convolution.geometry.wholePart, into: convolved.base)
    try profile.time(.batchNorm) {
      try norm.prepare(for: convolved.base, clips: n, training: training)
      norm.apply(convolved.base, clips: n, into: y)
    }
  }

  /// Parameter gradients, assigned; clips need none.
  func backward(
    _ dy: IncomingGradient, clips: UnsafePointer<Float>, count n: Int, buffers: GradientBuffers
  ) throws {
    let dConvolved = buffers.convolved.base
    try profile.time(.batchNorm) {
      try temporalNorm.backward(
        dy, mask: .ownOutput, x: temporalConvolved.base, clips: n, into: dConvolved)
    }
    temporal.backwardWeights(
      ConvolutionInput(spatialConvolved.base, affine: spatialNorm.affine), dConvolved, clips: n)
    temporal.backwardData(
      dConvolved, clips: n, part: temporal.geometry.wholePart, into: buffers.input.base)
    try profile.time(.batchNorm) {
      try spatialNorm.backward(
        IncomingGradient(first: UnsafePointer(buffers.input.base)), mask: .ownOutput,
        x: spatialConvolved.base, clips: n, into: dConvolved)
    }
    spatial.backwardWeights(ConvolutionInput(clips), dConvolved, clips: n)
  }
}
