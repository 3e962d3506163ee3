// Batch normalization fused with what follows it (ReLU, residual add, spatial means), and its
// backward.

import CKernels

/// Sums over all ranks: what synchronised batch norm needs, and all this module knows of ranks.
public protocol StatisticsReducer: AnyObject {
  /// Number of ranks that take part, each with the same number of clips.
  var ranks: Int { get }
  /// Replaces `values` by their sum over the ranks; every rank calls it equally often.
  func sum(_ values: UnsafeMutableBufferPointer<Double>) throws
}

/// PyTorch's `BatchNorm3d` (eps 1e-5, momentum 0.1, unbiased running variance) with affine
/// parameters: `y = γ·(x − μ)/√(σ² + ε) + β` over N, T, H and W, and over the ranks where a
/// `StatisticsReducer` is given.
///
/// Forward keeps nothing but `scale`, `shift` and `mean`; backward reads the layer's input again.
final class BatchNorm {
  static let epsilon = 1e-5
  static let momentum = 0.1

  let shape: ActivationShape
  let weight: Parameter
  let bias: Parameter
  /// `y = scale·x + shift`, per channel, padding included.
  private(set) var scale: FloatBuffer
  private(set) var shift: FloatBuffer
  private let runningMean: RunningStatistic
  private let runningVariance: RunningStatistic
  private let reducer: StatisticsReducer?
  private let mean: FloatBuffer
  private var inverseDeviation: [Double]
  private var partials: [Double] = []
  private var sums: [Double]

  init(
    _ shape: ActivationShape, name: String, parameters: Parameters, reducer: StatisticsReducer?
  ) {
    self.shape = shape
    self.reducer = reducer
    weight = parameters.add("\(name).weight", [shape.channels], decays: false) { _ in 1 }
    bias = parameters.add("\(name).bias", [shape.channels], decays: false) { _ in 0 }
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
  }

  /// Makes `scale` and `shift` for `x`: from its own statistics in training, else the running ones.
  func prepare(for x: UnsafePointer<Float>, clips n: Int, training: Bool) throws {
    if training {
      try takeStatistics(of: x, clips: n)
    } else {
      useRunningStatistics()
    }
  }

  /// Takes the statistics of `x` (`n` clips), over ranks too, and updates the running ones.
  func takeStatistics(of x: UnsafePointer<Float>, clips n: Int) throws {
    sumBlocks(clips: n) { block, sums in
      vk_moments(
        Int32(ChannelBlock.lanes), x + block * shape.blockFloats, shape.pixels, sums)
    }
    try reduceOverRanks()
    let count = Double(n * shape.pixels * (reducer?.ranks ?? 1))
    for c in 0..<shape.channels {
      let (index, square) = sumIndices(c)
      let mu = sums[index] / count
      let variance = max(sums[square] / count - mu * mu, 0)
      inverseDeviation[c] = 1 / (variance + Self.epsilon).squareRoot()
      setAffine(c, mean: mu)
      let unbiased = variance * count / max(count - 1, 1)
      update(runningMean.value + c, towards: mu)
      update(runningVariance.value + c, towards: unbiased)
    }
  }

  /// Takes the running statistics (inference).
  private func useRunningStatistics() {
    for c in 0..<shape.channels {
      inverseDeviation[c] =
        1 / (Double(runningVariance.value[c]) + Self.epsilon).squareRoot()
      setAffine(c, mean: Double(runningMean.value[c]))
    }
  }

  /// What a normalised tensor is added to before the ReLU.
  struct Residual {
    let data: UnsafePointer<Float>
    let scale: UnsafePointer<Float>
    let shift: UnsafePointer<Float>
  }

  /// `y = act(scale·x + shift + residual)` in one pass, with y's spatial means.
  func apply(
    _ x: UnsafePointer<Float>, clips n: Int, residual: Residual? = nil, into y: Activation
  ) {
    let lanes = ChannelBlock.lanes
    Parallel.forEach(n * shape.blocks) { item in
      let block = item % shape.blocks
      let (at, lane) = (item * shape.blockFloats, block * lanes)
      let other =
        residual.map {
          vk_affine(data: $0.data + at, scale: $0.scale + lane, shift: $0.shift + lane)
        } ?? vk_affine()
      vk_normalize(
        Int32(lanes), y.data + at,
        vk_affine(data: x + at, scale: scale.base + lane, shift: shift.base + lane), other, true,
        Int32(shape.frames), shape.framePixels,
        y.means + (item / shape.blocks) * shape.meanCount + lane * shape.frames,
        Int32(min(lanes, shape.channels - lane)), isPastCaches(clips: n))
    }
  }

  /// Whether a tensor of `n` clips is too large for the caches to hold until it is read: then it is
  /// written past them, which spares reading the memory first (half as fast again at 115 MB).
  private func isPastCaches(clips n: Int) -> Bool {
    n * shape.clipFloats * MemoryLayout<Float>.stride >= 16 << 20
  }

  /// Where the gradient passes the activation that follows.
  enum Mask {
    /// Every place: no ReLU follows.
    case none
    /// Where this layer's own output is positive.
    case ownOutput
    /// Where the sum's output is positive: a residual was added before the ReLU.
    case output(UnsafePointer<Float>)
  }

  /// Backward of `act(BN(x))`: parameter gradients are assigned, `dx` assigned.
  /// - Parameters:
  ///   - x: the layer's input in the forward pass.
  ///   - masked: where to keep the gradient behind the ReLU (the shortcut's gradient), if anywhere.
  func backward(
    _ dy: IncomingGradient, mask: Mask, x: UnsafePointer<Float>, clips n: Int,
    masked: UnsafeMutablePointer<Float>? = nil, into dx: UnsafeMutablePointer<Float>
  ) throws {
    let lanes = Int32(ChannelBlock.lanes)
    sumBlocks(clips: n) { item, sums in
      let at = item * shape.blockFloats
      let lane = item % shape.blocks * ChannelBlock.lanes
      vk_normalize_reduce(
        lanes, incoming(dy, item), kernelMask(mask, item), x + at, mean.base + lane,
        masked.map { $0 + at }, Int32(shape.frames), shape.framePixels, sums)
    }
    let coefficients = try inputGradientCoefficients(clips: n)
    let padded = ChannelBlock.padded(shape.channels)
    coefficients.withUnsafeBufferPointer { all in
      let base = all.baseAddress!
      Parallel.forEach(n * shape.blocks) { item in
        let at = item * shape.blockFloats
        let lane = item % shape.blocks * ChannelBlock.lanes
        var source = incoming(dy, item)
        var passes = kernelMask(mask, item)
        if let masked {
          source = vk_incoming(first: masked + at, second: nil, means: nil, mean_lanes: 0)
          passes = vk_mask()
        }
        vk_normalize_apply(
          lanes, dx + at, source, passes, x + at, base + lane, base + padded + lane,
          base + 2 * padded + lane, Int32(shape.frames), shape.framePixels, isPastCaches(clips: n))
      }
    }
  }

  /// The parameters' gradients from `sums`, then `dx = a·g + b·x + c` as `[a, b, c]`.
  private func inputGradientCoefficients(clips n: Int) throws -> [Float] {
    for c in 0..<shape.channels {
      let (index, product) = sumIndices(c)
      bias.gradient[c] = Float(sums[index])
      weight.gradient[c] = Float(sums[product] * inverseDeviation[c])
    }
    try reduceOverRanks()
    let count = Double(n * shape.pixels * (reducer?.ranks ?? 1))
    let padded = ChannelBlock.padded(shape.channels)
    var coefficients = [Float](repeating: 0, count: 3 * padded)
    for c in 0..<shape.channels {
      let (index, product) = sumIndices(c)
      let inverse = inverseDeviation[c]
      let a = Double(weight.value[c]) * inverse
      let b = -a * inverse * inverse * sums[product] / count
      coefficients[c] = Float(a)
      coefficients[padded + c] = Float(b)
      coefficients[2 * padded + c] = Float(-a * sums[index] / count - b * Double(mean.base[c]))
    }
    return coefficients
  }

  private func setAffine(_ c: Int, mean mu: Double) {
    let factor = Double(weight.value[c]) * inverseDeviation[c]
    mean.base[c] = Float(mu)
    scale.base[c] = Float(factor)
    shift.base[c] = Float(Double(bias.value[c]) - mu * factor)
  }

  private func update(_ running: UnsafeMutablePointer<Float>, towards value: Double) {
    running.pointee = Float(
      (1 - Self.momentum) * Double(running.pointee) + Self.momentum * value)
  }

  /// Where the two sums of channel `c` are: blocks of `lanes` first sums and `lanes` second ones.
  private func sumIndices(_ c: Int) -> (Int, Int) {
    let lanes = ChannelBlock.lanes
    let first = c / lanes * 2 * lanes + c % lanes
    return (first, first + lanes)
  }

  /// Sums `2·lanes` doubles of every (clip, block) over the clips, always in the same order.
  private func sumBlocks(
    clips n: Int, _ body: (Int, UnsafeMutablePointer<Double>) -> Void
  ) {
    let width = 2 * ChannelBlock.lanes
    let items = n * shape.blocks
    if partials.count < items * width { partials = .init(repeating: 0, count: items * width) }
    partials.withUnsafeMutableBufferPointer { partials in
      let base = partials.baseAddress!
      Parallel.forEach(items) { body($0, base + $0 * width) }
      for i in 0..<sums.count { sums[i] = base[i] }
      for clip in 1..<max(n, 1) {
        for i in 0..<sums.count { sums[i] += base[clip * sums.count + i] }
      }
    }
  }

  private func reduceOverRanks() throws {
    try sums.withUnsafeMutableBufferPointer { try reducer?.sum($0) }
  }

  private func incoming(_ dy: IncomingGradient, _ item: Int) -> vk_incoming {
    let at = item * shape.blockFloats
    let lane = item % shape.blocks * ChannelBlock.lanes
    return vk_incoming(
      first: dy.first.map { $0 + at }, second: dy.second.map { $0 + at },
      means: dy.means.map {
        $0 + (item / shape.blocks) * shape.meanCount + lane * shape.frames
      },
      mean_lanes: Int32(min(ChannelBlock.lanes, shape.channels - lane)))
  }

  private func kernelMask(_ mask: Mask, _ item: Int) -> vk_mask {
    let lane = item % shape.blocks * ChannelBlock.lanes
    switch mask {
    case .none:
      return vk_mask()
    case .ownOutput:
      return vk_mask(output: nil, scale: scale.base + lane, shift: shift.base + lane)
    case .output(let y):
      return vk_mask(output: y + item * shape.blockFloats, scale: nil, shift: nil)
    }
  }
}
