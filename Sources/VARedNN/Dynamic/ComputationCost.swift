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
    temporal = Self.mean(
      policy.space.temporalStrides.map { 1 / Float($0) }, policy.temporalWeights(clip))
    channel = Self.mean(
      policy.space.channelCounts.map { Float($0) / Float(channels) },
      policy.channelWeights(clip))
  }

  /// The mean of `values` under `weights`; the last, cheapest one where all weights are zero.
  private static func mean(_ values: [Float], _ weights: ArraySlice<Float>) -> Float {
    let sum = weights.reduce(0, +)
    guard sum > 0 else { return values.last ?? 1 }
    return zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 } / sum
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
