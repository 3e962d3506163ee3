// Batch normalization of a few features per clip: the gate's.

/// PyTorch's `BatchNorm1d` over the batch (and over ranks), `[N, F]`. Small, so plain loops in
/// double precision.
final class BatchNorm1D {
  let features: Int
  private let weight: Parameter
  private let bias: Parameter
  private let runningMean: RunningStatistic
  private let runningVariance: RunningStatistic
  private let reducer: StatisticsReducer?
  private let normalized: FloatBuffer
  /// Behind pointers, as arrays of a class are checked at every access.
  private let means: UnsafeMutablePointer<Double>
  private let inverseDeviation: UnsafeMutablePointer<Double>
  private let sums: UnsafeMutablePointer<Double>
  /// As in `BatchNorm`.
  private var fixedSums: FixedPointSums?

  init(features: Int, name: String, context: LayerContext) {
    self.features = features
    reducer = context.reducer
    let parameters = context.parameters
    weight = parameters.add("\(name).weight", [features], decays: false, isGate: true) { _, _ in 1 }
    bias = parameters.add("\(name).bias", [features], decays: false, isGate: true) { _, _ in 0 }
    runningMean = parameters.addBuffer("\(name).running_mean", channels: features, initial: 0)
    runningVariance = parameters.addBuffer("\(name).running_var", channels: features, initial: 1)
    normalized = FloatBuffer(context.batch * features)
    (means, inverseDeviation) = (.allocate(capacity: features), .allocate(capacity: features))
    sums = .allocate(capacity: 2 * features)
    fixedSums = context.isReproducible ? FixedPointSums(count: 2 * features) : nil
    for (values, count) in [(means, features), (inverseDeviation, features), (sums, 2 * features)] {
      values.initialize(repeating: 0, count: count)
    }
  }

  deinit {
    means.deallocate()
    inverseDeviation.deallocate()
    sums.deallocate()
  }

  /// For a step in which the layer has no part.
  func clearGradients() {
    weight.gradient.update(repeating: 0, count: features)
    bias.gradient.update(repeating: 0, count: features)
  }

  /// Normalizes `x [n, F]` in place; in training keeps the normalized values for backward.
  func forward(_ x: UnsafeMutablePointer<Float>, count n: Int, training: Bool) throws {
    if training {
      sumProducts(x, x, count: n)
      try reduceOverRanks()
    }
    let count = Double(n * (reducer?.ranks ?? 1))
    let (runningMean, runningVariance) = (runningMean.value, runningVariance.value)
    for f in 0..<features {
      var variance = Double(runningVariance[f])
      means[f] = Double(runningMean[f])
      if training {
        means[f] = sums[f] / count
        variance = max(sums[features + f] / count - means[f] * means[f], 0)
        BatchNorm.update(runningMean + f, towards: means[f])
        BatchNorm.update(runningVariance + f, towards: variance * count / max(count - 1, 1))
      }
      inverseDeviation[f] = 1 / (variance + BatchNorm.epsilon).squareRoot()
    }
    if training { self.runningMean.changed() }
    let (weight, bias, normalized) = (weight.value, bias.value, normalized.base)
    for row in 0..<n {
      for f in 0..<features {
        let i = row * features + f
        normalized[i] = Float((Double(x[i]) - means[f]) * inverseDeviation[f])
        x[i] = weight[f] * normalized[i] + bias[f]
      }
    }
  }

  /// Replaces `dy` by `dx`; parameter gradients are assigned.
  func backward(_ dy: UnsafeMutablePointer<Float>, count n: Int) throws {
    let normalized = normalized.base
    sumProducts(dy, normalized, count: n)
    let (dWeight, dBias) = (weight.gradient, bias.gradient)
    for f in 0..<features where fixedSums == nil {
      dBias[f] = Float(sums[f])
      dWeight[f] = Float(sums[features + f])
    }
    if fixedSums != nil {
      for i in 0..<n * features {
        bias.addClip(Double(dy[i]), at: i % features)
        weight.addClip(Double(dy[i]) * Double(normalized[i]), at: i % features)
      }
    }
    try reduceOverRanks()
    let count = Double(n * (reducer?.ranks ?? 1))
    let weight = weight.value
    for row in 0..<n {
      for f in 0..<features {
        let i = row * features + f
        let centred =
          Double(dy[i]) - sums[f] / count - Double(normalized[i]) * sums[features + f] / count
        dy[i] = Float(Double(weight[f]) * inverseDeviation[f] * centred)
      }
    }
  }

  /// `sums[f] = Σ_n first`, `sums[F + f] = Σ_n first·second`, on this rank; in fixed point they are
  /// in `sums` after `reduceOverRanks`.
  private func sumProducts(
    _ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, count n: Int
  ) {
    sums.update(repeating: 0, count: 2 * features)
    fixedSums?.clear()
    for row in 0..<n {
      for f in 0..<features {
        let i = row * features + f
        let product = Double(first[i]) * Double(second[i])
        if fixedSums == nil {
          sums[f] += Double(first[i])
          sums[features + f] += product
        } else {
          fixedSums?.add(Double(first[i]), at: f)
          fixedSums?.add(product, at: features + f)
        }
      }
    }
  }

  private func reduceOverRanks() throws {
    if fixedSums != nil {
      try fixedSums?.reduce(over: reducer)
      for i in 0..<2 * features { sums[i] = fixedSums?[i] ?? 0 }
      return
    }
    try reducer?.sum(UnsafeMutableBufferPointer(start: sums, count: 2 * features))
  }
}
