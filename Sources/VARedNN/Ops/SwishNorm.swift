// Batch norm, squeeze-and-excitation where there is one, and swish.

import CKernels

/// `y = u·σ(u)` with `u = s·BN(x)`, `s` the factors of a `SqueezeExcitation` of `BN(x)` or 1: for
/// each clip and channel `u = scale·x + shift`, so all of it is one pass over `x`.
///
/// The mean of `BN(x)` over a clip follows from that of `x`, which whoever writes `x` takes on the
/// way. Forward keeps scale and shift; backward reads `x` again.
final class SwishNorm {
  let shape: ActivationShape
  let norm: BatchNorm
  let excitation: SqueezeExcitation?
  /// `[item, 2, lanes]`: `Σ x` and `Σ x²` of every item, written before `prepare`.
  let moments: UnsafeMutableBufferPointer<Double>
  /// `[item, 2, lanes]`: `Σ g` and `Σ g·(x − μ)` of every item, `g` the gradient of `u`.
  private let gradientSums: UnsafeMutableBufferPointer<Double>
  private let operations: OperationRecord
  /// `u = scale·x + shift`, of every clip's channels, padding included.
  private let scale: FloatBuffer
  private let shift: FloatBuffer
  /// `dx = a·g + b·x + c`, likewise; `b` is of all clips.
  private let a: FloatBuffer
  private let c: FloatBuffer
  private var b: UnsafePointer<Float>?

  /// - Parameters:
  ///   - shape: one clip.
  ///   - name: of the batch norm, by whose name swish is recorded too.
  ///   - excitation: of its output; nil: none.
  ///   - context: of the network.
  init(
    _ shape: ActivationShape, name: String, excitation: (name: String, reduced: Int)?,
    context: LayerContext
  ) {
    self.shape = shape
    norm = BatchNorm(shape, name: name, before: .swish, context: context)
    operations = norm.operations
    self.excitation = excitation.map {
      SqueezeExcitation(shape, reduced: $0.reduced, name: $0.name, context: context)
    }
    let (items, padded) = (context.batch * shape.blocks, ChannelBlock.padded(shape.channels))
    moments = .allocate(capacity: items * 2 * ChannelBlock.lanes)
    moments.initialize(repeating: 0)
    gradientSums = .allocate(capacity: items * 2 * ChannelBlock.lanes)
    gradientSums.initialize(repeating: 0)
    (scale, shift) = (FloatBuffer(context.batch * padded), FloatBuffer(context.batch * padded))
    (a, c) = (FloatBuffer(context.batch * padded), FloatBuffer(context.batch * padded))
  }

  deinit {
    moments.deallocate()
    gradientSums.deallocate()
  }

  // MARK: Forward

  /// Makes scale and shift: from the clips' own moments in training, else of the running
  /// statistics. Without a squeeze-and-excitation the latter need no moments.
  /// - Throws: what the statistics' reducer throws.
  func prepare(clips n: Int, training: Bool) throws {
    if training {
      try norm.takeStatistics(clips: n, from: moments.baseAddress!)
    } else {
      norm.useRunningStatistics()
    }
    guard let excitation else { return spread(clips: n) }
    forEachChannel(clips: n) { _, channel, sums, index in
      let mean = moments[sums] / Double(shape.pixels)
      excitation.means[index] =
        Float(Double(norm.scale.base[channel]) * mean + Double(norm.shift.base[channel]))
    }
    excitation.forward(clips: n, rescaling: shape)
    forEachChannel(clips: n) { place, channel, _, index in
      scale.base[place] = excitation.factors[index] * norm.scale.base[channel]
      shift.base[place] = excitation.factors[index] * norm.shift.base[channel]
    }
  }

  /// The norm's own for every clip.
  private func spread(clips n: Int) {
    let padded = ChannelBlock.padded(shape.channels)
    for clip in 0..<n {
      (scale.base + clip * padded).update(from: norm.scale.base, count: padded)
      (shift.base + clip * padded).update(from: norm.shift.base, count: padded)
    }
  }

  /// Calls `body` for every channel of every clip with its place in `scale`, its number, the place
  /// of its first sum, and its index among `[n, C]`.
  private func forEachChannel(clips n: Int, _ body: (Int, Int, Int, Int) -> Void) {
    let (lanes, padded) = (ChannelBlock.lanes, ChannelBlock.padded(shape.channels))
    for clip in 0..<n {
      for channel in 0..<shape.channels {
        let item = clip * shape.blocks + channel / lanes
        body(
          clip * padded + channel, channel, item * 2 * lanes + channel % lanes,
          clip * shape.channels + channel)
      }
    }
  }

  /// `y` of some frames of an item, recorded.
  /// - Parameters:
  ///   - x: these frames, side by side.
  ///   - item: which, `clip·blocks + block`.
  ///   - frames: how many.
  ///   - y: where they go; may be `x`.
  ///   - streamed: whether non-temporal stores write it.
  func apply(
    _ x: UnsafePointer<Float>, item: Int, frames: Int, into y: UnsafeMutablePointer<Float>,
    streamed: Bool
  ) {
    let lanes = ChannelBlock.lanes
    let channels = min(lanes, shape.channels - item % shape.blocks * lanes)
    operations.record(
      flops: norm.epilogue.flops * channels * frames * shape.framePixels)
    var map = map(item)
    ChannelBlock.kernels.swish(&map, x, y, frames * shape.framePixels, streamed)
  }

  private func map(_ item: Int) -> vared_swish {
    let lane = item * ChannelBlock.lanes
    return vared_swish(scale: scale.base + lane, shift: shift.base + lane)
  }

  // MARK: Backward

  /// First pass: the gradients of all parameters, assigned.
  /// - Throws: what the statistics' reducer throws.
  func reduceGradient(_ dy: BlockedClips, x: BlockedClips) throws {
    let (lanes, blocks, sums) = (ChannelBlock.lanes, shape.blocks, gradientSums.baseAddress!)
    Parallel.forEach(dy.count * blocks) { item in
      var map = map(item)
      ChannelBlock.kernels.swish_reduce(
        &map, x.item(item), dy.item(item), norm.mean.base + item % blocks * lanes, shape.pixels,
        sums + item * 2 * lanes)
    }
    if let excitation { backward(through: excitation, clips: dy.count) }
    try makeCoefficients(clips: dy.count)
  }

  /// From the sums of `u`'s gradient to those of the gradient of `v = BN(x)`, which is
  /// `s·g + dz/pixels`, `dz` that of its mean.
  private func backward(through excitation: SqueezeExcitation, clips n: Int) {
    let lanes = ChannelBlock.lanes
    forEachChannel(clips: n) { _, channel, sums, index in
      // ∂L/∂s = Σ g·v, with v = scale·(x − μ) + β.
      excitation.factorGradients[index] = Float(
        Double(norm.scale.base[channel]) * gradientSums[sums + lanes]
          + Double(norm.bias.value[channel]) * gradientSums[sums])
    }
    excitation.backward(clips: n)
    forEachChannel(clips: n) { _, channel, sums, index in
      let (factor, dz) = (
        Double(excitation.factors[index]), Double(excitation.meanGradients[index])
      )
      let mean = moments[sums] / Double(shape.pixels)
      gradientSums[sums] = factor * gradientSums[sums] + dz
      gradientSums[sums + lanes] =
        factor * gradientSums[sums + lanes] + dz * (mean - Double(norm.mean.base[channel]))
    }
  }

  /// Those of `dx` of every clip, from the norm's.
  private func makeCoefficients(clips n: Int) throws {
    let of = try norm.reduceGradient(clips: n, from: gradientSums.baseAddress!)
    b = of.b
    forEachChannel(clips: n) { place, channel, _, index in
      let factor = excitation?.factors[index] ?? 1
      let dz = excitation?.meanGradients[index] ?? 0
      a.base[place] = factor * of.a[channel]
      c.base[place] = of.a[channel] * dz / Float(shape.pixels) + of.c[channel]
    }
  }

  /// Second pass: the gradient of an item of `x`, assigned.
  /// - Precondition: `reduceGradient` ran.
  func writeGradient(
    _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, item: Int,
    into dx: UnsafeMutablePointer<Float>
  ) {
    guard let b else { preconditionFailure("a gradient that was not reduced") }
    let lane = item * ChannelBlock.lanes
    var map = map(item)
    ChannelBlock.kernels.swish_apply(
      &map, x, dy, a.base + lane, b + item % shape.blocks * ChannelBlock.lanes, c.base + lane, dx,
      shape.pixels)
  }
}
