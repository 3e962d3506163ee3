// What a policy costs: executed and differentiable (METHOD §3).

/// One layer's cost for one clip.
struct LayerCost {
  /// `Σ_a v_t[a]/R_a` with `v` normalised to sum 1.
  let temporal: Float
  /// `Σ_b v_c[b]·n_b/K` with `v` normalised to sum 1.
  let channel: Float

  /// `ρ`, the differentiable ratio.
  var ratio: Float { temporal * channel }

  init(_ policy: Policy, clip: Int, channels: Int) {
    let space = policy.space
    temporal = Self.mean(policy.temporalWeights(clip)) { 1 / Float(space.temporalStrides[$0]) }
    channel = Self.mean(policy.channelWeights(clip)) {
      Float(space.channelCounts[$0]) / Float(channels)
    }
  }

  /// The mean of the candidates' values under `weights`; the last, cheapest one's where all weights
  /// are zero.
  private static func mean(_ weights: ArraySlice<Float>, _ value: (Int) -> Float) -> Float {
    var (sum, weighted): (Float, Float) = (0, 0)
    for (i, weight) in weights.enumerated() {
      sum += weight
      weighted += value(i) * weight
    }
    return sum > 0 ? weighted / sum : value(weights.count - 1)
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
  /// - Parameter shares: `w_l`, each layer's share of the full cost of all dynamic convolutions.
  init(_ layers: [DynamicConvolution], shares: [Double], clip: Int) {
    for (layer, share) in zip(layers, shares) {
      let geometry = layer.convolution.geometry
      let policy = layer.gate.policy
      let part = policy.part(clip)
      let ratio = LayerCost(policy, clip: clip, channels: geometry.outChannels).ratio
      differentiable += share * Double(ratio)
      convRatio += share * Double(geometry.macs(part: part)) / Double(geometry.macs)
      macs += geometry.macs(part: part) + layer.gate.macs
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
