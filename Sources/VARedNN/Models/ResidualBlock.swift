// A residual block.

/// `act(F(x) + shortcut(x))`: a chain of units, the last of which adds the shortcut, an identity or
/// a projection.
final class ResidualBlock: Block {
  private let units: [ConvolutionUnit]
  private let input: FeatureMap
  private let shortcut: Shortcut

  private enum Shortcut {
    /// Scale 1 and shift 0.
    case identity(one: FloatBuffer, zero: FloatBuffer)
    case projection(ProjectionShortcut)
  }

  /// - Parameters:
  ///   - input: what the first of `units` reads; the last has a residual.
  ///   - projection: nil where input and output are of one shape.
  init(_ units: [ConvolutionUnit], of input: FeatureMap, projection: ProjectionShortcut?) {
    precondition(units.count >= 2, "the first unit's incoming gradient is another's")
    self.units = units
    self.input = input
    if let projection {
      shortcut = .projection(projection)
    } else {
      let channels = ChannelBlock.padded(input.shape.channels)
      let (one, zero) = (FloatBuffer(channels), FloatBuffer(channels))
      one.all.update(repeating: 1)
      shortcut = .identity(one: one, zero: zero)
    }
  }

  private var last: ConvolutionUnit { units[units.count - 1] }
  var output: FeatureMap { last.output }

  func forward(clips n: Int, training: Bool) throws {
    for unit in units.dropLast() { try unit.forward(clips: n, training: training) }
    let residual =
      switch shortcut {
      case .projection(let projection):
        try projection.forward(input, clips: n, training: training)
      case .identity(let one, let zero):
        Residual(
          clips: input.clips(n), affine: Affine(scale: one.base, shift: zero.base), norm: nil)
      }
    try last.forward(clips: n, training: training, residual: residual)
  }

  func backward(
    _ dy: IncomingGradient, _ pass: BackwardPass, ready: (Int) throws -> Void
  ) throws -> IncomingGradient {
    let (n, buffers) = (pass.clips, pass.buffers)
    let masked = buffers.nextShortcut(output.shape, n)
    var gradient = try last.backward(dy, pass, shortcut: masked)
    var second = masked.reading
    if case .projection(let projection) = shortcut {
      // What the block's own gradient was read from is free by now.
      let dx = buffers.previousShortcut(input.shape, n)
      try projection.backward(masked.reading, pass, into: dx)
      second = dx.reading
    }
    try ready(last.firstParameter)
    for unit in units.dropLast().reversed() {
      gradient = try unit.backward(gradient, pass)
      try ready(unit.firstParameter)
    }
    gradient.second = second
    return gradient
  }
}

/// A projection shortcut: a strided 1×1×1 convolution and batch norm.
final class ProjectionShortcut {
  private let convolution: PointwiseConvolution
  private let norm: BatchNorm
  private let projected: FloatBuffer
  private let profile: WorkProfile

  /// - Parameter name: the convolution's is `name.0`, the norm's `name.1`.
  init(
    of input: FeatureMap, channels: Int, stride: Extent, name: String, _ context: NetworkContext
  ) {
    convolution = PointwiseConvolution(
      input: input.shape, outChannels: channels, stride: stride, name: "\(name).0",
      context: context.layers)
    context.addStatic(macs: convolution.macs)
    profile = context.layers.counter.profile
    norm = BatchNorm(
      convolution.output, name: "\(name).1", before: .none, context: context.layers)
    projected = FloatBuffer(context.layers.batch * convolution.output.clipFloats)
  }

  func forward(_ x: FeatureMap, clips n: Int, training: Bool) throws -> Residual {
    let projected = projected.clips(convolution.output, n)
    convolution.forward(x.clips(n), into: projected)
    try profile.time(.batchNorm) {
      try norm.prepare(for: projected.reading, training: training)
    }
    return norm.residual(projected.reading)
  }

  /// Parameter gradients and `dx`, assigned.
  func backward(_ dy: BlockedClips, _ pass: BackwardPass, into dx: MutableBlockedClips) throws {
    let dProjected = pass.buffers.projected.clips(convolution.output, dy.count)
    try profile.time(.batchNorm) {
      try norm.backward(
        IncomingGradient(first: dy), mask: .none,
        x: projected.clips(convolution.output, dy.count).reading, into: dProjected)
    }
    convolution.backward(dProjected.reading, into: dx)
  }
}
