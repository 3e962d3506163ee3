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
  /// Whether the means of the output's frames are taken, which a gate reads.
  let takesMeans: Bool
  /// `u = scale·x + shift`, of every clip's channels, padding included.
  let scale: FloatBuffer
  let shift: FloatBuffer
  /// `dx = a·g + b·x + c`, likewise; `b` is of all clips.
  private let a: FloatBuffer
  private let c: FloatBuffer

  /// - Parameters:
  ///   - shape: one clip.
  ///   - name: of the batch norm, by whose name swish is recorded too.
  ///   - excitation: of its output; nil: none.
  ///   - takesMeans: whether a gate may read the means of the output's frames.
  ///   - context: of the network.
  init(
    _ shape: ActivationShape, name: String, excitation: (name: String, reduced: Int)?,
    takesMeans: Bool = false, context: LayerContext
  ) {
    (self.shape, self.takesMeans) = (shape, takesMeans)
    norm = BatchNorm(shape, name: name, before: .swish, context: context)
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

  /// Floating-point operations of an element (METHOD §3).
  var elementFLOPs: Int { norm.epilogue.flops + (takesMeans ? 1 : 0) }

  // MARK: Forward

  /// Takes the moments of `x`, whose writer did not, while it is written: each item from the runs
  /// of frames that `produce` hands out, wherever they lie; recorded.
  func takeMoments(
    writing x: MutableBlockedClips,
    from produce: (Int, (Range<Int>, UnsafePointer<Float>) -> Void) -> Void
  ) {
    let (width, sums) = (2 * ChannelBlock.lanes, moments.baseAddress!)
    let streamed = shape.isBeyondCaches(clips: x.count)
    Parallel.forEach(x.count * shape.blocks) { item in
      let own = sums + item * width
      own.update(repeating: 0, count: width)
      let runs = BatchNorm.sum(item, writing: x, streamed: streamed, into: own, from: produce)
      // By METHOD's convention a part of what reads the moments, and counted there.
      norm.operations.record(calls: runs, flops: 0)
    }
  }

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

  /// `y` of `x` in one pass, with the means of its frames where they are read.
  func apply(_ x: BlockedClips, into y: FeatureMap) {
    let pass = SwishPass(self, into: y, clips: x.count)
    Parallel.forEach(x.count * shape.blocks) { item in
      pass.apply(x.item(item), item: item, frames: 0..<shape.frames)
    }
  }

  // MARK: Backward

  /// First pass: the gradients of all parameters, assigned.
  /// - Parameter dy: one tensor, and the gradient of its means where they are read.
  /// - Throws: what the statistics' reducer throws.
  func reduceGradient(_ dy: IncomingGradient, x: BlockedClips) throws -> InputGradient {
    precondition(dy.first != nil && dy.second == nil, "expected the gradient of one reader")
    let (lanes, blocks, sums) = (ChannelBlock.lanes, shape.blocks, gradientSums.baseAddress!)
    Parallel.forEach(x.count * blocks) { item in
      var job = vared_swish_gradient_job(
        dy, x: x, item, frames: 0..<shape.frames, scale: scale.base + item * lanes,
        shift: shift.base + item * lanes)
      ChannelBlock.kernels.swish_reduce(
        &job, norm.mean.base + item % blocks * lanes, sums + item * 2 * lanes)
    }
    if let excitation { backward(through: excitation, clips: x.count) }
    let b = try makeCoefficients(clips: x.count)
    return InputGradient(
      dy: dy, x: x, scale: scale.base, shift: shift.base, a: a.base, b: b, c: c.base)
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
  /// - Returns: `b`, which is of all clips.
  private func makeCoefficients(clips n: Int) throws -> UnsafePointer<Float> {
    let of = try norm.reduceGradient(clips: n, from: gradientSums.baseAddress!)
    forEachChannel(clips: n) { place, channel, _, index in
      let factor = excitation?.factors[index] ?? 1
      let dz = excitation?.meanGradients[index] ?? 0
      a.base[place] = factor * of.a[channel]
      c.base[place] = of.a[channel] * dz / Float(shape.pixels) + of.c[channel]
    }
    return of.b
  }
}
