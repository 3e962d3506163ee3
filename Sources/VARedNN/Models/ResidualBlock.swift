// A residual block.

/// `act(F(x) + shortcut(x))`: a chain of units, the last of which adds the shortcut, an identity or
/// a projection.
final class ResidualBlock: Block {
  private let first: [any Block]
  private let last: ConvolutionUnit
  private let input: FeatureMap
  private let shortcut: Shortcut

  private enum Shortcut {
    case identity(IdentityMap)
    case projection(ProjectionShortcut)
  }

  /// - Parameters:
  ///   - first: the units before the last, one at least; the first of them reads `input`.
  ///   - last: has a residual.
  ///   - input: what the block reads.
  ///   - projection: nil where input and output are of one shape.
  init(
    _ first: [any Block], _ last: ConvolutionUnit, of input: FeatureMap,
    projection: ProjectionShortcut?
  ) {
    precondition(!first.isEmpty, "the first unit's incoming gradient is another's")
    self.first = first
    self.last = last
    self.input = input
    shortcut =
      projection.map(Shortcut.projection) ?? .identity(IdentityMap(input.shape.channels))
  }

  var output: FeatureMap { last.output }
  var firstParameter: Int { first[0].firstParameter }

  func forward(clips n: Int, training: Bool) throws {
    for unit in first { try unit.forward(clips: n, training: training) }
    let residual =
      switch shortcut {
      case .projection(let projection):
        try projection.forward(input, clips: n, training: training)
      case .identity(let map):
        Residual(clips: input.clips(n), affine: map.affine, norm: nil)
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
    for unit in first.reversed() {
      gradient = try unit.backward(gradient, pass, ready: ready)
    }
    gradient.second = second
    return gradient
  }
}

/// The affine map that changes nothing.
private struct IdentityMap {
  private let one: FloatBuffer
  private let zero: FloatBuffer
  /// Scale 1 and shift 0.
  var affine: Affine { Affine(scale: one.base, shift: zero.base) }

  init(_ channels: Int) {
    let padded = ChannelBlock.padded(channels)
    (one, zero) = (FloatBuffer(padded), FloatBuffer(padded))
    one.all.update(repeating: 1)
  }
}

/// A projection shortcut: a strided 1×1×1 convolution and, where the network has one, batch norm.
final class ProjectionShortcut {
  private let convolution: PointwiseConvolution
  private let following: Following
  private let projected: FloatBuffer
  private let profile: WorkProfile

  private enum Following {
    case norm(BatchNorm)
    case nothing(IdentityMap)
  }

  /// - Parameters:
  ///   - input: what the block reads.
  ///   - channels: of the block's output.
  ///   - stride: of the block.
  ///   - name: the convolution's.
  ///   - normName: the batch norm's; nil: there is none.
  ///   - context: of the network.
  init(
    of input: FeatureMap, channels: Int, stride: Extent, name: String, normName: String?,
    _ context: NetworkContext
  ) {
    convolution = PointwiseConvolution(
      input: input.shape, outChannels: channels, stride: stride, name: name,
      context: context.layers)
    context.addStatic(macs: convolution.macs)
    profile = context.layers.counter.profile
    let output = convolution.output
    following =
      if let normName {
        .norm(BatchNorm(output, name: normName, before: .none, context: context.layers))
      } else {
        .nothing(IdentityMap(channels))
      }
    projected = FloatBuffer(context.layers.batch * output.clipFloats)
  }

  func forward(_ x: FeatureMap, clips n: Int, training: Bool) throws -> Residual {
    let projected = projected.clips(convolution.output, n)
    convolution.forward(x.clips(n), into: projected)
    switch following {
    case .norm(let norm):
      try profile.time(.batchNorm) {
        try norm.prepare(for: projected.reading, training: training)
      }
      return norm.residual(projected.reading)
    case .nothing(let map):
      return Residual(clips: projected.reading, affine: map.affine, norm: nil)
    }
  }

  /// Parameter gradients and `dx`, assigned.
  func backward(_ dy: BlockedClips, _ pass: BackwardPass, into dx: MutableBlockedClips) throws {
    guard case .norm(let norm) = following else { return convolution.backward(dy, into: dx) }
    let dProjected = pass.buffers.projected.clips(convolution.output, dy.count)
    try profile.time(.batchNorm) {
      try norm.backward(
        IncomingGradient(first: dy), mask: .none,
        x: projected.clips(convolution.output, dy.count).reading, into: dProjected)
    }
    convolution.backward(dProjected.reading, into: dx)
  }
}
