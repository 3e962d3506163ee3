// Convolution, batch norm and ReLU: what R(2+1)D is made of.

/// `act(BN(conv(x)) [+ shortcut])`, with the convolution fixed or dynamic.
final class ConvolutionUnit {
  let convolution: BlockConvolution
  let norm: BatchNorm
  /// The unit's output. Inside a block it lies in memory that other units use too: there it is valid
  /// until the next but one unit runs; its spatial means stay.
  let output: Activation
  /// The convolution's output, read again by backward.
  private let convolved: FloatBuffer
  /// For inference, where nobody reads the output's means; nil behind a dynamic convolution and before
  /// a sum.
  private let folded: FoldedNorm?
  private let profile: WorkProfile
  private let tap: FeatureTap
  private let name: String
  /// Where the unit's parameters start in the flat buffers.
  let firstParameter: Int

  /// - Parameters:
  ///   - name: the convolution's name; `normName` the batch norm's.
  ///   - storage: memory lent to the output; nil keeps it.
  init(
    _ geometry: ConvolutionGeometry, name: String, normName: String, in storage: Scratch?,
    context: NetworkContext
  ) {
    firstParameter = context.parameters.count
    profile = context.counter.profile
    tap = context.tap
    self.name = name
    convolution = context.blockConvolution(geometry, name: name)
    norm = BatchNorm(
      geometry.output, name: normName, before: storage == nil ? .residualAndReLU : .relu,
      parameters: context.parameters, counter: context.counter, reducer: context.reducer)
    output = context.activation(geometry.output, in: storage)
    convolved = FloatBuffer(context.batch * geometry.output.clipFloats)
    if case .fixed(let layer) = convolution, storage != nil {
      folded = FoldedNorm(norm, behind: layer)
    } else {
      folded = nil
    }
  }

  func forward(
    _ x: Activation, clips n: Int, training: Bool, residual: BatchNorm.Residual? = nil
  ) throws {
    switch convolution {
    case .fixed(let layer):
      if let folded, !training, tap.observe == nil {
        return layer.forward(x.data, clips: n, folding: folded, into: output.data)
      }
      layer.forward(x.data, clips: n, part: layer.geometry.wholePart, into: convolved.base)
      if !training { show(clips: n) }
      try profile.time(.batchNorm) {
        try norm.prepare(for: convolved.base, clips: n, training: training)
        norm.apply(convolved.base, clips: n, residual: residual, into: output)
      }
    case .dynamic(let layer):
      try layer.forward(x, clips: n, training: training, into: convolved.base)
      if !training { show(clips: n) }
      try profile.time(layer.mixes ? .cheapOperations : .batchNorm) {
        try normalise(layer, clips: n, training: training, residual: residual)
      }
    }
  }

  /// Shows the convolution's output to who observes the network, if anybody does.
  private func show(clips n: Int) {
    guard let observe = tap.observe else { return }
    let (y, shape) = (convolved.base, output.shape)
    switch convolution {
    case .fixed:
      observe(
        LayerFeatures(name: name, shape: shape, clips: n) { item, body in
          body(0..<shape.frames, y + item * shape.blockFloats)
        })
    case .dynamic(let layer):
      let mixed = layer.output(in: y)
      observe(
        LayerFeatures(name: name, shape: shape, clips: n) { mixed.forEachRun(of: $0, $1) })
    }
  }

  /// Batch norm of a dynamic convolution's output, which is made on the way: for the statistics and
  /// kept in training, in inference frame by frame and not kept at all.
  private func normalise(
    _ layer: DynamicConvolution, clips n: Int, training: Bool, residual: BatchNorm.Residual?
  ) throws {
    let y = convolved.base
    let mixed = layer.output(in: y)
    if training {
      try norm.takeStatistics(writing: y, clips: n) { mixed.forEachRun(of: $0, $1) }
      norm.apply(y, clips: n, residual: residual, into: output)
      return
    }
    norm.useRunningStatistics()
    let pass = norm.pass(clips: n, residual: residual, into: output)
    Parallel.forEach(n * output.shape.blocks) { position in
      let item = mixed.item(at: position)
      mixed.forEachPlane(of: item) { frames, from in
        pass.apply(from, item: item, frames: frames)
      } sum: { frame, terms, plane in
        pass.apply(terms, partial: plane, item: item, frame: frame)
      }
    }
  }

  /// The unit's output as the input of the convolution that follows it in a block: not kept, but
  /// computed again from the convolution's output where backward reads it.
  var outputAsInput: ConvolutionInput { ConvolutionInput(convolved.base, affine: norm.affine) }

  /// Backward of the whole unit.
  /// - Parameters:
  ///   - shortcut: where to keep the gradient behind the ReLU; given exactly when forward had a
  ///     residual.
  ///   - costGradients: `∂L/∂ρ` of each clip, for a dynamic convolution.
  ///   - buffers: where the gradients of the convolution's output and input go.
  /// - Returns: the gradient that reaches `x`.
  func backward(
    _ dy: IncomingGradient, x: ConvolutionInput, clips n: Int,
    shortcut: UnsafeMutablePointer<Float>? = nil, costGradients: CostGradient?,
    buffers: GradientBuffers
  ) throws -> IncomingGradient {
    let mask: BatchNorm.Mask = shortcut == nil ? .ownOutput : .output(output.data)
    let dx = buffers.input.base
    switch convolution {
    case .fixed(let layer):
      let dConvolved = buffers.convolved.base
      try profile.time(.batchNorm) {
        try norm.backward(
          dy, mask: mask, x: convolved.base, clips: n, masked: shortcut, into: dConvolved)
      }
      layer.backwardWeights(x, dConvolved, clips: n)
      layer.backwardData(dConvolved, clips: n, part: layer.geometry.wholePart, into: dx)
      return IncomingGradient(first: UnsafePointer(dx))
    case .dynamic(let layer):
      let gradient = try profile.time(.batchNorm) {
        try norm.reduceGradient(dy, mask: mask, x: convolved.base, clips: n, masked: shortcut)
      }
      try layer.backward(
        gradient, x: x, clips: n, costGradient: costGradients,
        computed: buffers.convolved.base, into: dx,
        dMeans: buffers.means.base)
      return IncomingGradient(
        first: UnsafePointer(dx), means: UnsafePointer(buffers.means.base))
    }
  }
}

/// The gradients that live during a backward pass, each as large as the largest activation.
final class GradientBuffers {
  /// Of a convolution's output.
  let convolved: FloatBuffer
  /// Of a convolution's input.
  let input: FloatBuffer
  /// Of the input's spatial means.
  let means: FloatBuffer
  /// Of a shortcut projection's output.
  let projected: FloatBuffer
  /// Of the shortcuts; two, because a projection reads one while it writes the other. A block may be
  /// handed the buffer that its incoming gradient is read from: it is masked in place, value by
  /// value.
  private let shortcuts: [FloatBuffer]
  private var turn = 0

  init(batch: Int, largest floats: Int, mostMeans: Int) {
    convolved = FloatBuffer(batch * floats)
    input = FloatBuffer(batch * floats)
    projected = FloatBuffer(batch * floats)
    means = FloatBuffer(batch * mostMeans)
    shortcuts = [FloatBuffer(batch * floats), FloatBuffer(batch * floats)]
  }

  /// The shortcut buffer that the running block masks its gradient into.
  func nextShortcut() -> UnsafeMutablePointer<Float> {
    turn = 1 - turn
    return shortcuts[turn].base
  }

  /// The buffer that `nextShortcut` did not return last.
  var previousShortcut: UnsafeMutablePointer<Float> { shortcuts[1 - turn].base }
}
