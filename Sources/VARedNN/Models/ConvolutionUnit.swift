// Convolution, batch norm and activation: what networks of this kind are made of.

/// `act(BN(conv(x)) [+ shortcut])`, with the convolution fixed or dynamic.
final class ConvolutionUnit {
  /// What a unit is to be.
  struct Plan {
    /// What the unit reads: a feature map, or, in a stem, clips of this shape.
    enum Input {
      case map(FeatureMap)
      case clips(ActivationShape)
    }

    let input: Input
    /// `K`.
    let channels: Int
    let kernel: Extent
    var stride = Extent(1, 1, 1)
    /// The convolution's name; `normName` the batch norm's.
    let name: String
    let normName: String
    var epilogue = Epilogue.relu
    /// Memory lent to the output, which then is valid until the next but one unit runs (its spatial
    /// means stay); nil keeps it.
    var storage: Scratch?
    /// Whether the convolution is dynamic where the network is.
    var mayBeDynamic = true
    /// Whether a gate reads the output where the network is dynamic.
    var feedsGate = true
    /// Whether the output is pooled, for which its means are read.
    var feedsPooling = false

    var geometry: ConvolutionGeometry {
      let shape =
        switch input {
        case .map(let map): map.shape
        case .clips(let shape): shape
        }
      return ConvolutionGeometry(
        input: shape, outChannels: channels, kernel: kernel, stride: stride)
    }
  }

  let convolution: UnitConvolution
  let norm: BatchNorm
  /// The unit's output.
  let output: FeatureMap
  /// What it reads; nil where that is clips.
  private let input: FeatureMap?
  /// The convolution's output, read again by backward.
  private let convolved: FloatBuffer
  /// For inference, where no layer reads the output's means; nil behind a dynamic convolution and
  /// before a sum.
  private let folded: FoldedNorm?
  private let profile: WorkProfile
  private let hook: FeatureHook?
  private let name: String
  /// Where the unit's parameters start in the flat buffers.
  let firstParameter: Int

  init(_ plan: Plan, _ context: NetworkContext) {
    firstParameter = context.parameters.count
    profile = context.layers.counter.profile
    hook = plan.mayBeDynamic ? context.hook : nil
    name = plan.name
    let geometry = plan.geometry
    switch plan.input {
    case .map(let map) where plan.mayBeDynamic:
      input = map
      convolution = context.convolution(geometry, of: map, name: name)
    case .map(let map):
      input = map
      convolution = context.fixedConvolution(geometry, name: name)
    case .clips:
      input = nil
      convolution = context.fixedConvolution(geometry, name: name, isStem: true)
    }
    norm = BatchNorm(
      geometry.output, name: plan.normName, before: plan.epilogue, context: context.layers)
    output = context.featureMap(geometry.output, in: plan.storage, feedsGate: plan.feedsGate)
    convolved = FloatBuffer(context.layers.batch * geometry.output.clipFloats)
    if plan.storage != nil {
      output.origin = (convolved, norm.affine)
    }
    let meansAreRead = plan.feedsPooling || plan.feedsGate && context.dynamic != nil
    if case .fixed(let layer) = convolution, !plan.epilogue.addsResidual, !meansAreRead {
      folded = FoldedNorm(norm, behind: layer)
    } else {
      folded = nil
    }
  }

  // MARK: Forward

  /// Of a unit that reads a feature map.
  func forward(clips n: Int, training: Bool, residual: Residual?) throws {
    guard let input else { preconditionFailure("\(name) reads clips") }
    switch convolution {
    case .fixed(let layer):
      let x = input.clips(n)
      if folds(training: training), let folded {
        return layer.forward(x, folding: folded, into: output.writable(n))
      }
      layer.forward(x, part: layer.geometry.wholePart, into: convolvedClips(n))
      try finish(clips: n, training: training, residual: residual)
    case .dynamic(let layer):
      try layer.clock.timeUnit {
        try layer.forward(input, training: training, into: convolvedClips(n))
        if !training { show(clips: n) }
        try profile.time(layer.mixes ? .cheapOperations : .batchNorm) {
          try normalize(layer, clips: n, training: training, residual: residual)
        }
      }
    }
  }

  /// Of a unit that reads clips.
  func forward(_ clips: Clips, training: Bool) throws {
    guard case .fixed(let layer) = convolution, input == nil else {
      preconditionFailure("\(name) reads a feature map")
    }
    let n = clips.count
    if folds(training: training), let folded {
      return layer.forward(clips, folding: folded, into: output.writable(n))
    }
    layer.forward(clips, into: convolvedClips(n))
    try finish(clips: n, training: training, residual: nil)
  }

  /// Whether the convolution does what the norm and the activation would.
  private func folds(training: Bool) -> Bool {
    folded != nil && !training && hook?.observe == nil
  }

  private func convolvedClips(_ n: Int) -> MutableBlockedClips { convolved.clips(output.shape, n) }

  /// What follows a fixed convolution.
  private func finish(clips n: Int, training: Bool, residual: Residual?) throws {
    if !training { show(clips: n) }
    let y = convolvedClips(n).reading
    try profile.time(.batchNorm) {
      try norm.prepare(for: y, training: training)
      norm.apply(y, residual: residual, into: output)
    }
  }

  /// Shows the convolution's output to the observer of the network, if it has one.
  private func show(clips n: Int) {
    guard let observe = hook?.observe else { return }
    let (y, shape) = (convolvedClips(n).reading, output.shape)
    switch convolution {
    case .fixed:
      observe(
        LayerFeatures(name: name, shape: shape, clips: n) { item, body in
          body(0..<shape.frames, y.item(item))
        })
    case .dynamic(let layer):
      let mixed = layer.output(in: y)
      observe(
        LayerFeatures(name: name, shape: shape, clips: n) { mixed.forEachRun(of: $0, $1) })
    }
  }

  /// Batch norm of a dynamic convolution's output, which is made on the way: for the statistics and
  /// kept in training, in inference frame by frame and not kept at all.
  private func normalize(
    _ layer: DynamicConvolution, clips n: Int, training: Bool, residual: Residual?
  ) throws {
    let y = convolvedClips(n)
    let mixed = layer.output(in: y.reading)
    if training {
      try norm.takeStatistics(writing: y) { mixed.forEachRun(of: $0, $1) }
      norm.apply(y.reading, residual: residual, into: output)
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

  // MARK: Backward

  /// Backward of the whole unit.
  /// - Parameter shortcut: where to keep the gradient behind the activation; given exactly when
  ///   forward had a residual.
  /// - Returns: the gradient that reaches what the unit read.
  func backward(
    _ dy: IncomingGradient, _ pass: BackwardPass, shortcut: MutableBlockedClips?
  ) throws -> IncomingGradient {
    guard let input else { preconditionFailure("\(name) reads clips") }
    let (n, buffers) = (pass.clips, pass.buffers)
    let dx = buffers.input.clips(input.shape, n)
    switch convolution {
    case .fixed(let layer):
      let dConvolved = try convolvedGradient(dy, pass, shortcut: shortcut)
      layer.backwardWeights(input.asInput(n), dConvolved)
      layer.backwardData(dConvolved, part: layer.geometry.wholePart, into: dx)
      return IncomingGradient(first: dx.reading)
    case .dynamic(let layer):
      let gradient = try profile.time(.batchNorm) {
        try norm.reduceGradient(
          dy, mask: mask(shortcut), x: convolvedClips(n).reading, masked: shortcut)
      }
      try layer.backward(
        gradient, x: input.asInput(n),
        costGradient: pass.costGradient(of: layer),
        computed: buffers.convolved.base, into: dx, dMeans: buffers.means.base)
      return IncomingGradient(first: dx.reading, means: UnsafePointer(buffers.means.base))
    }
  }

  /// Backward of a unit that reads clips, which need no gradient.
  func backward(_ dy: IncomingGradient, clips: Clips, _ pass: BackwardPass) throws {
    guard case .fixed(let layer) = convolution, input == nil else {
      preconditionFailure("\(name) reads a feature map")
    }
    layer.backwardWeights(clips, try convolvedGradient(dy, pass, shortcut: nil))
  }

  /// Backward of what follows the convolution, into the buffer for that.
  private func convolvedGradient(
    _ dy: IncomingGradient, _ pass: BackwardPass, shortcut: MutableBlockedClips?
  ) throws -> BlockedClips {
    let n = pass.clips
    let dConvolved = pass.buffers.convolved.clips(output.shape, n)
    try profile.time(.batchNorm) {
      try norm.backward(
        dy, mask: mask(shortcut), x: convolvedClips(n).reading, masked: shortcut, into: dConvolved)
    }
    return dConvolved.reading
  }

  private func mask(_ shortcut: MutableBlockedClips?) -> GradientMask {
    shortcut.map { .output(output.clips($0.count)) } ?? .ownOutput
  }
}

/// A unit by itself, or one of a residual block that is not its last.
extension ConvolutionUnit: Block {
  func forward(clips n: Int, training: Bool) throws {
    try forward(clips: n, training: training, residual: nil)
  }

  func backward(
    _ dy: IncomingGradient, _ pass: BackwardPass, ready: (Int) throws -> Void
  ) throws -> IncomingGradient {
    let gradient = try backward(dy, pass, shortcut: nil)
    try ready(firstParameter)
    return gradient
  }
}
