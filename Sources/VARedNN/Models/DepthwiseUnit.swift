// A depthwise convolution with what follows it: the middle of an inverted bottleneck.

/// `swish(s·BN(conv(x)))`, the convolution depthwise and never dynamic, `s` the factors of a
/// squeeze-and-excitation where there is one.
///
/// What the convolution writes is read again while it is in the caches: batch norm's sums are taken
/// as it is written; in backward the gradient of an item's output is made in memory of the thread,
/// and used up there; and in inference without a squeeze-and-excitation so is the output itself,
/// frame by frame.
final class DepthwiseUnit: Block {
  /// The unit's output.
  let output: FeatureMap
  private let input: FeatureMap
  private let convolution: DepthwiseConvolution
  private let norm: SwishNorm
  /// The convolution's output, read again by backward.
  private let convolved: FloatBuffer
  /// Memory of every thread for what stays in the caches.
  private let scratch: Scratch
  private let profile: WorkProfile
  private let hook: FeatureHook
  private let name: String
  private let firstParameter: Int

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
    convolution = DepthwiseConvolution(
      input.shape, kernel: Extent(3, 3, 3), stride: stride, name: name, context: context.layers)
    context.addStatic(macs: convolution.macs)
    norm = SwishNorm(
      convolution.output, name: normName, excitation: excitation, context: context.layers)
    context.addStatic(macs: norm.excitation?.macs ?? 0)
    output = context.featureMap(convolution.output, feedsGate: false)
    convolved = FloatBuffer(context.layers.batch * convolution.output.clipFloats)
  }

  // MARK: Forward

  func forward(clips n: Int, training: Bool) throws {
    if !training, norm.excitation == nil, hook.observe == nil {
      try norm.prepare(clips: n, training: false)
      return convolveAndNormalize(clips: n)
    }
    let y = convolved.clips(output.shape, n)
    convolution.forward(input.clips(n), into: y, moments: norm.moments.baseAddress!)
    if !training { show(y.reading) }
    try profile.time(.batchNorm) {
      try norm.prepare(clips: n, training: training)
      let (from, to, frames) = (y.reading, output.writable(n), output.shape.frames)
      let streamed = output.shape.isBeyondCaches(clips: n)
      Parallel.forEach(n * output.shape.blocks) { item in
        norm.apply(
          from.item(item), item: item, frames: frames, into: to.item(item), streamed: streamed)
      }
    }
  }

  /// Inference, a frame of an item at a time.
  private func convolveAndNormalize(clips n: Int) {
    let (shape, x, y) = (output.shape, input.clips(n), output.writable(n))
    let planes = scratch.floats(Parallel.threads * shape.planeFloats)
    let streamed = shape.isBeyondCaches(clips: n)
    convolution.timeForward(clips: n) {
      Parallel.forEach(n * shape.blocks) { item in
        let plane = planes + Parallel.thread * shape.planeFloats
        for frame in 0..<shape.frames {
          convolution.forward(
            x.item(item), item: item, frames: frame..<frame + 1, into: plane, streamed: false)
          norm.apply(
            plane, item: item, frames: 1, into: y.item(item, frame: frame), streamed: streamed)
        }
      }
    }
  }

  /// Shows the convolution's output to the observer of the network, if it has one.
  private func show(_ y: BlockedClips) {
    hook.observe?(
      LayerFeatures(name: name, shape: output.shape, clips: y.count) { item, body in
        body(0..<y.shape.frames, y.item(item))
      })
  }

  // MARK: Backward

  /// - Precondition: `dy` is one tensor, in the buffer for gradients of inputs, as the unit behind
  ///   leaves it.
  func backward(
    _ dy: IncomingGradient, _ pass: BackwardPass, ready: (Int) throws -> Void
  ) throws -> IncomingGradient {
    guard let dOutput = dy.first, dy.second == nil, dy.means == nil else {
      preconditionFailure("\(name): expected the gradient of a convolution's input")
    }
    let (n, shape) = (pass.clips, output.shape)
    let (x, y) = (input.clips(n), convolved.clips(shape, n).reading)
    // A shortcut's gradient was made in it, and is used up by now.
    let dx = pass.buffers.projected.clips(input.shape, n)
    try profile.time(.batchNorm) { try norm.reduceGradient(dOutput, x: y) }
    let streamed = input.shape.isBeyondCaches(clips: n)
    let gradients = scratch.floats(Parallel.threads * shape.blockFloats)
    convolution.timeBackward(clips: n) {
      Parallel.forEach(n * shape.blocks) { item in
        let gradient = gradients + Parallel.thread * shape.blockFloats
        norm.writeGradient(dOutput.item(item), x: y.item(item), item: item, into: gradient)
        convolution.backward(
          x.item(item), gradient, item: item, into: dx.item(item), streamed: streamed)
      }
      convolution.finishWeightGradient(clips: n)
    }
    try ready(firstParameter)
    return IncomingGradient(first: dx.reading)
  }
}
