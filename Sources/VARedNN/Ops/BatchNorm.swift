// Batch normalization fused with what follows it (ReLU, residual add, spatial means), and its
// backward.

import CKernels

/// PyTorch's `BatchNorm3d` (eps 1e-5, momentum 0.1, unbiased running variance) with affine
/// parameters: `y = γ·(x − μ)/√(σ² + ε) + β` over N, T, H and W, and over the ranks where a
/// `StatisticsReducer` is given.
///
/// Forward keeps nothing but `scale`, `shift` and `mean`; backward reads the layer's input again.
final class BatchNorm {
  static let epsilon = 1e-5
  static let momentum = 0.1

  let shape: ActivationShape
  let epilogue: Epilogue
  let weight: Parameter
  let bias: Parameter
  /// `y = scale·x + shift`, per channel, padding included.
  let scale: FloatBuffer
  let shift: FloatBuffer
  /// Both, for engines that apply them on the way.
  var affine: Affine { Affine(scale: UnsafePointer(scale.base), shift: UnsafePointer(shift.base)) }
  private let runningMean: RunningStatistic
  private let runningVariance: RunningStatistic
  private let reducer: StatisticsReducer?
  let operations: OperationRecord
  /// `μ` of the last pass in training, per channel, padding included.
  let mean: FloatBuffer
  private var inverseDeviation: [Double]
  /// The parameters' version whose running statistics `scale` and `shift` are made of, if they are.
  private var runningVersion: Int?
  private var partials: [Double] = []
  private var sums: [Double]
  /// `sums` over the clips of all ranks, where they are to be the same bits in any order.
  private var fixedSums: FixedPointSums?
  /// `dx = a·g + b·x + c`, as `[a, b, c]`.
  private let coefficients: FloatBuffer

  init(
    _ shape: ActivationShape, name: String, before epilogue: Epilogue, context: LayerContext
  ) {
    self.shape = shape
    self.epilogue = epilogue
    reducer = context.reducer
    let parameters = context.parameters
    operations = context.counter.addRecord(
      name, .batchNorm, output: shape,
      fixed: OperationCount(flops: epilogue.flops * shape.channels * shape.pixels))
    weight = parameters.add("\(name).weight", [shape.channels], decays: false) { _, _ in 1 }
    bias = parameters.add("\(name).bias", [shape.channels], decays: false) { _, _ in 0 }
    runningMean = parameters.addBuffer(
      "\(name).running_mean", channels: shape.channels, initial: 0)
    runningVariance = parameters.addBuffer(
      "\(name).running_var", channels: shape.channels, initial: 1)
    let padded = ChannelBlock.padded(shape.channels)
    scale = FloatBuffer(padded)
    shift = FloatBuffer(padded)
    mean = FloatBuffer(padded)
    inverseDeviation = [Double](repeating: 0, count: shape.channels)
    sums = [Double](repeating: 0, count: 2 * padded)
    fixedSums = context.isReproducible ? FixedPointSums(count: 2 * padded) : nil
    coefficients = FloatBuffer(3 * padded)
  }

  /// Makes `scale` and `shift` for `x`: from its own statistics in training, else the running ones.
  func prepare(for x: BlockedClips, training: Bool) throws {
    if training {
      try takeStatistics(of: x)
    } else {
      useRunningStatistics()
    }
  }

  /// Takes the statistics of `x`, over ranks too, and updates the running ones.
  func takeStatistics(of x: BlockedClips) throws {
    sumBlocks(clips: x.count) { item, sums in
      ChannelBlock.kernels.moments(
        x.item(item), shape.pixels, sums, nil, false)
    }
    try finishStatistics(clips: x.count)
  }

  /// The same while `x` is written: each item, a clip's channel block, from the runs of frames that
  /// `produce` hands out, wherever they lie.
  func takeStatistics(
    writing x: MutableBlockedClips,
    from produce: (Int, (Range<Int>, UnsafePointer<Float>) -> Void) -> Void
  ) throws {
    let streamed = shape.isBeyondCaches(clips: x.count)
    sumBlocks(clips: x.count) { item, sums in
      _ = Self.sum(item, writing: x, streamed: streamed, into: sums, from: produce)
    }
    try finishStatistics(clips: x.count)
  }

  /// Adds `Σ x` and `Σ x²` of an item to `sums` while it is written from the runs of frames that
  /// `produce` hands out.
  /// - Returns: how many runs that were.
  static func sum(
    _ item: Int, writing x: MutableBlockedClips, streamed: Bool,
    into sums: UnsafeMutablePointer<Double>,
    from produce: (Int, (Range<Int>, UnsafePointer<Float>) -> Void) -> Void
  ) -> Int {
    var runs = 0
    produce(item) { frames, from in
      runs += 1
      let to = x.item(item, frame: frames.lowerBound)
      ChannelBlock.kernels.moments(
        from, frames.count * x.shape.framePixels, sums, UnsafePointer(to) == from ? nil : to,
        streamed)
    }
    return runs
  }

  /// The same from sums that were taken already.
  /// - Parameter moments: `[item, 2, lanes]`: of every clip's channel block `Σ x` and `Σ x²`.
  func takeStatistics(clips n: Int, from moments: UnsafePointer<Double>) throws {
    let width = 2 * ChannelBlock.lanes
    sumBlocks(clips: n) { $1.update(from: moments + $0 * width, count: width) }
    try finishStatistics(clips: n)
  }

  private func finishStatistics(clips n: Int) throws {
    runningVersion = nil
    try reduceOverRanks(clips: n)
    let count = Double(n * shape.pixels * (reducer?.ranks ?? 1))
    for c in 0..<shape.channels {
      let (index, square) = sumIndices(c)
      let mu = sums[index] / count
      let variance = max(sums[square] / count - mu * mu, 0)
      inverseDeviation[c] = 1 / (variance + Self.epsilon).squareRoot()
      setAffine(c, mean: mu)
      let unbiased = variance * count / max(count - 1, 1)
      Self.update(runningMean.value + c, towards: mu)
      Self.update(runningVariance.value + c, towards: unbiased)
    }
    runningMean.changed()
  }

  /// Takes the running statistics (inference), unless they are the ones in use.
  func useRunningStatistics() {
    guard runningVersion != weight.version else { return }
    runningVersion = weight.version
    for c in 0..<shape.channels {
      inverseDeviation[c] =
        1 / (Double(runningVariance.value[c]) + Self.epsilon).squareRoot()
      setAffine(c, mean: Double(runningMean.value[c]))
    }
  }

  /// This layer's output for another that adds it: `x`, with the affine map that makes it.
  func residual(_ x: BlockedClips) -> Residual {
    Residual(clips: x, affine: affine, norm: self)
  }

  /// `y = act(scale·x + shift + residual)` in one pass, with the frame statistics of y.
  func apply(_ x: BlockedClips, residual: Residual? = nil, into y: FeatureMap) {
    let pass = pass(clips: x.count, residual: residual, into: y)
    Parallel.forEach(x.count * shape.blocks) { item in
      pass.apply(x.item(item), item: item, frames: 0..<shape.frames)
    }
  }

  /// The same for a caller that has the items one by one.
  func pass(clips n: Int, residual: Residual? = nil, into y: FeatureMap) -> NormalizingPass {
    NormalizingPass(
      self, residual: residual, into: y, clips: n, operations: operations,
      residualOperations: residual?.norm?.operations)
  }

  /// Records batch norm, ReLU and spatial means of `n` clips that a convolution stands in for: by
  /// METHOD's convention, as if they were a pass of their own.
  func recordFolded(clips n: Int) {
    operations.record(calls: 0, flops: epilogue.flops * n * shape.channels * shape.pixels)
  }

  /// First pass of the backward of `act(BN(x))`: parameter gradients are assigned.
  /// - Parameters:
  ///   - x: the layer's input in the forward pass.
  ///   - masked: where to keep the gradient behind the ReLU (the shortcut's gradient), if anywhere.
  func reduceGradient(
    _ dy: IncomingGradient, mask: GradientMask, x: BlockedClips,
    masked: MutableBlockedClips? = nil
  ) throws -> InputGradient {
    let kernelMask = kernelMask(mask)
    sumBlocks(clips: x.count) { item, sums in
      let lane = item % shape.blocks * ChannelBlock.lanes
      var job = vared_normalize_gradient_job(
        dy, mask: kernelMask, x: x, item, frames: 0..<shape.frames)
      ChannelBlock.kernels.normalize_reduce(
        &job, mean.base + lane, masked?.item(item), sums)
    }
    try makeCoefficients(clips: x.count)
    return InputGradient(
      dy: masked.map { IncomingGradient(first: $0.reading) } ?? dy,
      mask: masked == nil ? kernelMask : vared_mask(), x: x, coefficients: coefficients.base)
  }

  /// The same from sums that were taken already.
  /// - Parameter gradientSums: `[item, 2, lanes]`: of every clip's channel block `Σ g` and
  ///   `Σ g·(x − μ)`, `g` the gradient of the norm's output.
  /// - Returns: per channel, padding included, the coefficients of `dx = a·g + b·x + c`, valid
  ///   until the norm's next pass.
  func reduceGradient(
    clips n: Int, from gradientSums: UnsafePointer<Double>
  ) throws -> (a: UnsafePointer<Float>, b: UnsafePointer<Float>, c: UnsafePointer<Float>) {
    let (width, padded) = (2 * ChannelBlock.lanes, ChannelBlock.padded(shape.channels))
    sumBlocks(clips: n) { $1.update(from: gradientSums + $0 * width, count: width) }
    try makeCoefficients(clips: n)
    let base = UnsafePointer(coefficients.base)
    return (base, base + padded, base + 2 * padded)
  }

  /// Backward of `act(BN(x))`: parameter gradients and `dx`, assigned. Parameters as of
  /// `reduceGradient`.
  func backward(
    _ dy: IncomingGradient, mask: GradientMask, x: BlockedClips,
    masked: MutableBlockedClips? = nil, into dx: MutableBlockedClips
  ) throws {
    let gradient = try reduceGradient(dy, mask: mask, x: x, masked: masked)
    let streamed = shape.isBeyondCaches(clips: x.count)
    Parallel.forEach(x.count * shape.blocks) { item in
      gradient.write(
        item, frames: 0..<shape.frames, into: dx.item(item), streamed: streamed)
    }
  }

  /// The parameters' gradients from `sums`, then the coefficients of `dx`.
  private func makeCoefficients(clips n: Int) throws {
    assignParameterGradients(clips: n)
    try reduceOverRanks(clips: n)
    let count = Double(n * shape.pixels * (reducer?.ranks ?? 1))
    let padded = ChannelBlock.padded(shape.channels)
    for c in 0..<shape.channels {
      let (index, product) = sumIndices(c)
      let inverse = inverseDeviation[c]
      let a = Double(weight.value[c]) * inverse
      let b = -a * inverse * inverse * sums[product] / count
      coefficients.base[c] = Float(a)
      coefficients.base[padded + c] = Float(b)
      coefficients.base[2 * padded + c] = Float(
        -a * sums[index] / count - b * Double(mean.base[c]))
    }
  }

  /// From this rank's sums; of each clip where they are added in fixed point.
  private func assignParameterGradients(clips n: Int) {
    for c in 0..<shape.channels {
      let (index, product) = sumIndices(c)
      guard fixedSums != nil else {
        bias.gradient[c] = Float(sums[index])
        weight.gradient[c] = Float(sums[product] * inverseDeviation[c])
        continue
      }
      for clip in 0..<n {
        bias.addClip(partials[clip * sums.count + index], at: c)
        weight.addClip(partials[clip * sums.count + product] * inverseDeviation[c], at: c)
      }
    }
  }

  private func setAffine(_ c: Int, mean mu: Double) {
    let factor = Double(weight.value[c]) * inverseDeviation[c]
    mean.base[c] = Float(mu)
    scale.base[c] = Float(factor)
    shift.base[c] = Float(Double(bias.value[c]) - mu * factor)
  }

  /// A running statistic's step towards that of a batch.
  static func update(_ running: UnsafeMutablePointer<Float>, towards value: Double) {
    running.pointee = Float((1 - momentum) * Double(running.pointee) + momentum * value)
  }

  /// Where the two sums of channel `c` are: blocks of `lanes` first sums and `lanes` second ones.
  private func sumIndices(_ c: Int) -> (Int, Int) {
    let lanes = ChannelBlock.lanes
    let first = c / lanes * 2 * lanes + c % lanes
    return (first, first + lanes)
  }

  /// Sums `2·lanes` doubles of every (clip, block) over the clips, always in the same order; in
  /// fixed point that is left to `reduceOverRanks`.
  private func sumBlocks(
    clips n: Int, _ body: (Int, UnsafeMutablePointer<Double>) -> Void
  ) {
    let width = 2 * ChannelBlock.lanes
    let items = n * shape.blocks
    if partials.count < items * width { partials = .init(repeating: 0, count: items * width) }
    partials.withUnsafeMutableBufferPointer { partials in
      let base = partials.baseAddress!
      base.update(repeating: 0, count: items * width)
      Parallel.forEach(items) { body($0, base + $0 * width) }
      let count = sums.count
      guard fixedSums == nil else { return }
      sums.withUnsafeMutableBufferPointer { sums in
        for i in 0..<count { sums[i] = base[i] }
        for clip in 1..<max(n, 1) {
          for i in 0..<count { sums[i] += base[clip * count + i] }
        }
      }
    }
  }

  /// Makes this rank's sums those of all.
  private func reduceOverRanks(clips n: Int) throws {
    guard fixedSums != nil else {
      return try sums.withUnsafeMutableBufferPointer { try reducer?.sum($0) }
    }
    fixedSums?.clear()
    for clip in 0..<n {
      for i in sums.indices { fixedSums?.add(partials[clip * sums.count + i], at: i) }
    }
    try fixedSums?.reduce(over: reducer)
    for i in sums.indices { sums[i] = fixedSums?[i] ?? 0 }
  }

  /// The mask of the first item.
  private func kernelMask(_ mask: GradientMask) -> vared_mask {
    switch mask {
    case .none: vared_mask()
    case .ownOutput: vared_mask(output: nil, scale: scale.base, shift: shift.base)
    case .output(let y): vared_mask(output: y.base, scale: nil, shift: nil)
    }
  }
}
