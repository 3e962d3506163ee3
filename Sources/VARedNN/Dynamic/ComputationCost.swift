// What a policy costs: executed and differentiable (METHOD §3).

/// How a layer's differentiable ratio follows the weights of its candidates.
public enum CostForm: Equatable, Sendable, Codable {
  /// `Σ_a v_t[a]/R_a`, likewise for channels (METHOD §3).
  case linear
  /// `Σ_a (1/R_a − 1/R_{a+1})·(1+κ)·V_a/(V_a + κ)`, `V_a = Σ_{a' ≤ a} v_t[a']`, likewise for
  /// channels (METHOD §4): it follows the executed cost, where any weight above zero costs a whole
  /// candidate.
  case saturating(kappa: Float)

  /// What a cumulative weight `V` is charged.
  func charge(_ weight: Float) -> Float {
    switch self {
    case .linear: weight
    case .saturating(let kappa): (1 + kappa) * weight / (weight + kappa)
    }
  }

  /// The derivative of `charge`.
  func slope(_ weight: Float) -> Float {
    switch self {
    case .linear: 1
    case .saturating(let kappa): (1 + kappa) * kappa / ((weight + kappa) * (weight + kappa))
    }
  }
}

/// What each candidate of a layer costs, as a share of the dearest.
struct CandidateShares {
  /// `1/R_a`.
  let temporal: [Float]
  /// `n_b/K`.
  let channel: [Float]

  /// - Parameter channels: `K`.
  init(_ space: PolicySpace, channels: Int) {
    temporal = space.temporalStrides.map { 1 / Float($0) }
    channel = space.channelCounts.map { Float($0) / Float(channels) }
  }
}

/// One group of candidates' differentiable share of the full cost, for one clip.
struct CandidateCost {
  /// The weights, from the dearest candidate to the cheapest; not normalized.
  let weights: ArraySlice<Float>
  /// Each candidate's share of the full cost, decreasing.
  let shares: [Float]
  let form: CostForm
  private let sum: Float

  init(_ weights: ArraySlice<Float>, shares: [Float], form: CostForm) {
    (self.weights, self.shares, self.form) = (weights, shares, form)
    sum = weights.reduce(0, +)
  }

  /// `Σ_a (s_a − s_{a+1})·charge(V_a)` with `v` normalized to sum 1; the cheapest candidate's share
  /// where all weights are zero.
  var value: Float {
    guard sum > 0 else { return shares[weights.count - 1] }
    var (cumulative, value): (Float, Float) = (0, 0)
    for (a, weight) in weights.enumerated() {
      cumulative += weight / sum
      value += step(a) * form.charge(cumulative)
    }
    return value
  }

  /// Calls `body` with each candidate and the derivative of `value` by its normalized weight.
  func forEachDerivative(_ body: (Int, Float) -> Void) {
    guard sum > 0 else { return }
    var (cumulative, derivative): (Float, Float) = (1, 0)
    for a in (0..<weights.count).reversed() {
      derivative += step(a) * form.slope(cumulative)
      body(a, derivative)
      cumulative -= weights[weights.startIndex + a] / sum
    }
  }

  /// `s_a − s_{a+1}`; nothing is cheaper than the last.
  private func step(_ a: Int) -> Float {
    shares[a] - (a + 1 < weights.count ? shares[a + 1] : 0)
  }
}

/// One layer's cost for one clip.
struct LayerCost {
  let temporal: CandidateCost
  let channel: CandidateCost

  /// `ρ`, the differentiable ratio.
  var ratio: Float { temporal.value * channel.value }

  init(_ policy: Policy, clip: Int, shares: CandidateShares, form: CostForm) {
    temporal = CandidateCost(policy.temporalWeights(clip), shares: shares.temporal, form: form)
    channel = CandidateCost(policy.channelWeights(clip), shares: shares.channel, form: form)
  }
}

/// The cost of a network's dynamic layers for one clip.
struct ClipCost {
  /// `Σ_l w_l ρ_l`: differentiable, in the loss.
  var differentiable = 0.0
  /// `Σ_l w_l r_l`: the executed conv ratio.
  var convRatio = 0.0
  /// Executed multiply-accumulates of the dynamic layers: convolutions, cheap operations, gates.
  var macs = 0
}

extension ClipCost {
  /// Of clip `clip` of the last forward pass.
  init(_ layers: [DynamicConvolution], clip: Int) {
    for layer in layers {
      let share = layer.share
      let geometry = layer.convolution.geometry
      let policy = layer.gate.policy
      let part = policy.part(clip)
      differentiable += share * Double(layer.cost(clip: clip).ratio)
      convRatio += share * Double(geometry.macs(part: part)) / Double(geometry.macs)
      macs += geometry.macs(part: part) + (layer.asksGate ? layer.gate.macs : 0)
      macs += layer.cheap.macs(policy, clip: clip, part: part, output: geometry.output)
    }
  }
}

/// `∂L/∂ρ_l` of one layer, for each clip.
struct CostGradient {
  /// `∂L/∂(Σ_l w_l ρ_l,n) [n]`.
  let network: [Double]
  /// `w_l`.
  let share: Double

  subscript(clip: Int) -> Float { Float(network[clip] * share) }
}
