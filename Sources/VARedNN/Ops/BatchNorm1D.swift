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
  private var normalised: [Float]
  private var means: [Double]
  private var inverseDeviation: [Double]
  private var sums: [Double]

  /// - Parameter batch: clips at most.
  init(
    features: Int, batch: Int, name: String, parameters: Parameters, reducer: StatisticsReducer?
  ) {
    self.features = features
    self.reducer = reducer
    weight = parameters.add("\(name).weight", [features], decays: false, isGate: true) { _, _ in 1 }
    bias = parameters.add("\(name).bias", [features], decays: false, isGate: true) { _, _ in 0 }
    runningMean = parameters.addBuffer("\(name).running_mean", channels: features, initial: 0)
    runningVariance = parameters.addBuffer("\(name).running_var", channels: features, initial: 1)
    normalised = [Float](repeating: 0, count: batch * features)
    means = [Double](repeating: 0, count: features)
    inverseDeviation = means
    sums = [Double](repeating: 0, count: 2 * features)
  }

  /// For a step in which the layer has no part.
  func clearGradients() {
    weight.gradient.update(repeating: 0, count: features)
    bias.gradient.update(repeating: 0, count: features)
  }

  /// Normalises `x [n, F]` in place; in training keeps the normalised values for backward.
  func forward(_ x: UnsafeMutablePointer<Float>, count n: Int, training: Bool) throws {
    if training {
      sumProducts(x, x, count: n)
      try reduceOverRanks()
    }
    let count = Double(n * (reducer?.ranks ?? 1))
    for f in 0..<features {
      var variance = Double(runningVariance.value[f])
      means[f] = Double(runningMean.value[f])
      if training {
        means[f] = sums[f] / count
        variance = max(sums[features + f] / count - means[f] * means[f], 0)
        update(f, mean: means[f], variance: variance * count / max(count - 1, 1))
      }
      inverseDeviation[f] = 1 / (variance + BatchNorm.epsilon).squareRoot()
    }
    if training { runningMean.changed() }
    for i in 0..<n * features {
      let f = i % features
      normalised[i] = Float((Double(x[i]) - means[f]) * inverseDeviation[f])
      x[i] = weight.value[f] * normalised[i] + bias.value[f]
    }
  }

  /// Replaces `dy` by `dx`; parameter gradients are assigned.
  func backward(_ dy: UnsafeMutablePointer<Float>, count n: Int) throws {
    sumProducts(dy, normalised, count: n)
    for f in 0..<features {
      bias.gradient[f] = Float(sums[f])
      weight.gradient[f] = Float(sums[features + f])
    }
    try reduceOverRanks()
    let count = Double(n * (reducer?.ranks ?? 1))
    for i in 0..<n * features {
      let f = i % features
      let centred =
        Double(dy[i]) - sums[f] / count - Double(normalised[i]) * sums[features + f] / count
      dy[i] = Float(Double(weight.value[f]) * inverseDeviation[f] * centred)
    }
  }

  private func update(_ f: Int, mean: Double, variance: Double) {
    let keep = 1 - BatchNorm.momentum
    runningMean.value[f] = Float(
      keep * Double(runningMean.value[f]) + BatchNorm.momentum * mean)
    runningVariance.value[f] = Float(
      keep * Double(runningVariance.value[f]) + BatchNorm.momentum * variance)
  }

  /// `sums[f] = Σ_n first`, `sums[F + f] = Σ_n first·second`, on this rank.
  private func sumProducts(
    _ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, count n: Int
  ) {
    for f in 0..<2 * features { sums[f] = 0 }
    for i in 0..<n * features {
      sums[i % features] += Double(first[i])
      sums[features + i % features] += Double(first[i]) * Double(second[i])
    }
  }

  private func reduceOverRanks() throws {
    try sums.withUnsafeMutableBufferPointer { try reducer?.sum($0) }
  }
}
