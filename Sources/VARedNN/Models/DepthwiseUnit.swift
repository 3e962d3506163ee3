// A depthwise convolution with what follows it: the middle of an inverted bottleneck.

/// `swish(s·BN(conv(x)))`, the convolution depthwise and fixed or dynamic, `s` the factors of a
/// squeeze-and-excitation where there is one.
///
/// What a fixed convolution writes is read again while it is in the caches: batch norm's sums are
/// taken as it is written; in backward the gradient of an item's output is made in memory of the
/// thread, and used up there; and in inference without a squeeze-and-excitation so is the output
/// itself, frame by frame. What a dynamic one leaves to be made is made for whoever reads it.
final class DepthwiseUnit: Block {
  /// The unit's output.
  let output: FeatureMap
  private let input: FeatureMap
  private let convolution: Kind
  private let norm: SwishNorm
  /// The convolution's output, read again by backward.
  private let convolved: FloatBuffer
  /// Memory of every thread for what stays in the caches.
  private let scratch: Scratch
  private let profile: WorkProfile
  private let hook: FeatureHook
  private let name: String
  let firstParameter: Int

  private enum Kind {
    case fixed(DepthwiseConvolution)
    case dynamic(DynamicConvolution)
  }

  /// - Parameters:
  ///   - input: what the unit reads.
  ///   - stride: along height and width.
  ///   - name: of the convolution, which is 3×3×3.
  ///   - normName: of the batch norm.
  ///   - excitation: name and hidden units of the squeeze-and-excitation; nil: none.
  ///   - context: of the network.
  init(
    of input: FeatureMap, stride: Int, name: String, normName: String,
    excitation: (name: String, reduced: Int)?, _ context: NetworkContext
  ) {
    self.input = input
    self.name = name
    firstParameter = context.parameters.count
    profile = context.layers.counter.profile
    hook = context.hook
    scratch = context.layers.workspace.inputs
    let geometry = ConvolutionGeometry.depthwise(
      input.shape, kernel: Extent(3, 3, 3), stride: stride)
    if let layer = context.dynamicConvolution(geometry, of: input, name: name) {
      convolution = .dynamic(layer)
    } else {
      convolution = .fixed(DepthwiseConvolution(geometry, name: name, context: context.layers))
      context.addStatic(macs: geometry.macs)
    }
    // A gate reads the output where the network is dynamic.
    norm = SwishNorm(
      geometry.output, name: normName, excitation: excitation,
      takesMeans: context.dynamic != nil, context: context.layers)
    context.addStatic(macs: norm.excitation?.macs ?? 0)
    output = context.featureMap(geometry.output)
    convolved = FloatBuffer(context.layers.batch * geometry.output.clipFloats)
  }

  // MARK: Forward

  func forward(clips n: Int, training: Bool) throws {
    switch convolution {
    case .fixed(let layer): try forward(layer, clips: n, training: training)
    case .dynamic(let layer):
      try layer.clock.timeUnit { try forward(layer, clips: n, training: training) }
    }
  }

  private func forward(_ layer: DepthwiseConvolution, clips n: Int, training: Bool) throws {
    if !training, norm.excitation == nil, hook.observe == nil {
      try norm.prepare(clips: n, training: false)
      return convolveAndNormalize(layer, clips: n)
    }
    let y = convolved.clips(output.shape, n)
    layer.forward(input.clips(n), into: y, moments: norm.moments.baseAddress!)
    if !training, hook.observe != nil {
      show(clips: n) { $1(0..<y.shape.frames, y.reading.item($0)) }
    }
    try profile.time(.batchNorm) {
      try norm.prepare(clips: n, training: training)
      norm.apply(y.reading, into: output)
    }
  }

  /// Inference, a frame of an item at a time.
  private func convolveAndNormalize(_ layer: DepthwiseConvolution, clips n: Int) {
    let (shape, x) = (output.shape, input.clips(n))
    let pass = SwishPass(norm, into: output, clips: n)
    let planes = scratch.floats(Parallel.threads * shape.planeFloats)
    layer.timeForward(clips: n) {
      Parallel.forEach(n * shape.blocks) { item in
        let plane = planes + Parallel.thread * shape.planeFloats
        for frame in 0..<shape.frames {
          layer.forward(
            x.item(item), item: item, frames: frame..<frame + 1, into: plane, streamed: false)
          pass.apply(plane, item: item, frames: frame..<frame + 1)
        }
      }
    }
  }

  private func forward(_ layer: DynamicConvolution, clips n: Int, training: Bool) throws {
    let y = convolved.clips(output.shape, n)
    try layer.forward(input, training: training, into: y)
    let mixed = layer.output(in: y.reading)
    if !training, hook.observe != nil { show(clips: n) { mixed.forEachRun(of: $0, $1) } }
    try profile.time(layer.mixes ? .cheapOperations : .batchNorm) {
      if training || norm.excitation != nil {
        norm.takeMoments(writing: y) { mixed.forEachRun(of: $0, $1) }
        try norm.prepare(clips: n, training: training)
        return norm.apply(y.reading, into: output)
      }
      try norm.prepare(clips: n, training: false)
      let pass = SwishPass(norm, into: output, clips: n)
      Parallel.forEach(n * output.shape.blocks) { position in
        let item = mixed.item(at: position)
        mixed.forEachRun(of: item) { pass.apply($1, item: item, frames: $0) }
      }
    }
  }

  /// Shows the convolution's output, as `forEachRun` finds it, to the observer of the network.
  private func show(
    clips n: Int,
    _ forEachRun: @escaping (Int, (Range<Int>, UnsafePointer<Float>) -> Void) -> Void
  ) {
    hook.observe?(
      LayerFeatures(name: name, shape: output.shape, clips: n, forEachRun: forEachRun))
  }

  // MARK: Backward

  /// - Precondition: `dy` is one tensor, in the buffer for gradients of inputs, as the unit behind
  ///   leaves it, and the gradient of its means where that unit is dynamic.
  func backward(
    _ dy: IncomingGradient, _ pass: BackwardPass, ready: (Int) throws -> Void
  ) throws -> IncomingGradient {
    let n = pass.clips
    let (x, y) = (input.asInput(n), convolved.clips(output.shape, n).reading)
    // A shortcut's gradient was made in it, and is used up by now.
    let dx = pass.buffers.projected.clips(input.shape, n)
    let gradient = try profile.time(.batchNorm) { try norm.reduceGradient(dy, x: y) }
    var incoming = IncomingGradient(first: dx.reading)
    switch convolution {
    case .fixed(let layer): backward(layer, gradient, x: x, into: dx)
    case .dynamic(let layer):
      try layer.backward(
        gradient, x: x, costGradient: pass.costGradient(of: layer),
        computed: pass.buffers.convolved.base, into: dx, dMeans: pass.buffers.means.base)
      incoming.means = UnsafePointer(pass.buffers.means.base)
    }
    try ready(firstParameter)
    return incoming
  }

  private func backward(
    _ layer: DepthwiseConvolution, _ dy: SwishNorm.InputGradient, x: ConvolutionInput,
    into dx: MutableBlockedClips
  ) {
    let (n, shape) = (x.clips.count, output.shape)
    let streamed = input.shape.isBeyondCaches(clips: n)
    let floats = shape.blockFloats + input.shape.blockFloats
    let memory = scratch.floats(Parallel.threads * floats)
    layer.timeBackward(clips: n) {
      Parallel.forEach(n * shape.blocks) { item in
        let gradient = memory + Parallel.thread * floats
        dy.write(item, frames: 0..<shape.frames, into: gradient, streamed: false)
        layer.backward(
          x.item(item, in: gradient + shape.blockFloats), gradient, item: item,
          into: dx.item(item), streamed: streamed)
      }
      layer.finishWeightGradient(clips: n)
    }
  }
}
