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

/// What the candidates of a layer cost, as shares of its full cost; at most four an axis
/// (`DynamicConfiguration.candidateCounts`).
enum CandidateShares {
  /// `1/R_a` and `n_b/K`, of which a pair costs the product (METHOD §3).
  case product(temporal: SIMD4<Float>, channel: SIMD4<Float>)
  /// A row of channel candidates for each temporal one, as measured (METHOD §3, in seconds).
  case measured([SIMD4<Float>])

  /// - Parameter channels: `K`.
  init(_ space: PolicySpace, channels: Int) {
    self = .product(
      temporal: SIMD4(space.temporalStrides.map { 1 / Float($0) }),
      channel: SIMD4(space.channelCounts.map { Float($0) / Float(channels) }))
  }
}

extension SIMD4<Float> {
  /// Up to four values; zero behind them.
  init(_ values: [Float]) {
    self = .zero
    for (i, value) in values.enumerated() { self[i] = value }
  }
}

/// One group of candidates' differentiable share of the full cost, for one clip.
struct CandidateCost {
  /// The weights, from the dearest candidate to the cheapest; not normalized.
  let weights: ArraySlice<Float>
  /// Each candidate's share of the full cost.
  let shares: SIMD4<Float>
  let form: CostForm
  private let sum: Float

  init(_ weights: ArraySlice<Float>, shares: SIMD4<Float>, form: CostForm) {
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
  let ratio: Float
  /// What the derivatives of `temporal.value` and `channel.value` are multiplied by, to be those of
  /// `ratio`.
  let (temporalFactor, channelFactor): (Float, Float)

  init(_ policy: Policy, clip: Int, shares: CandidateShares, form: CostForm) {
    let (v, w) = (policy.temporalWeights(clip), policy.channelWeights(clip))
    switch shares {
    case .product(let ofTemporal, let ofChannel):
      temporal = CandidateCost(v, shares: ofTemporal, form: form)
      channel = CandidateCost(w, shares: ofChannel, form: form)
      ratio = temporal.value * channel.value
      (temporalFactor, channelFactor) = (channel.value, temporal.value)
    case .measured(let rows):
      // Either axis is charged for what its candidates cost beside the other's weights.
      var (ofTemporal, ofChannel) = (SIMD4<Float>.zero, SIMD4<Float>.zero)
      for a in rows.indices {
        ofTemporal[a] = CandidateCost(w, shares: rows[a], form: form).value
      }
      for b in 0..<w.count {
        var column = SIMD4<Float>.zero
        for a in rows.indices { column[a] = rows[a][b] }
        ofChannel[b] = CandidateCost(v, shares: column, form: form).value
      }
      temporal = CandidateCost(v, shares: ofTemporal, form: form)
      channel = CandidateCost(w, shares: ofChannel, form: form)
      ratio = temporal.value
      (temporalFactor, channelFactor) = (1, 1)
    }
  }
}

/// How a layer's cost enters that of its network, as shares of the network's full cost.
struct CostTerms {
  /// `w_l`, in the unit of the loss: everything computed.
  var full = 0.0
  /// Its gate; only where that is of account.
  var gate = 0.0
  /// Every open candidate beyond one an axis; only where that is of account.
  var term = 0.0
}

/// The cost of a network for one clip.
struct ClipCost {
  /// Differentiable, in the loss: `Σ_l w_l ρ_l`, in seconds with what no policy changes.
  var differentiable = 0.0
  /// The same of what was executed: the conv ratio, or the time ratio where costs are in seconds.
  var executed = 0.0
  /// `Σ_l w_l r_l`: the executed conv ratio, of the dynamic layers.
  var convRatio = 0.0
  /// Executed multiply-accumulates of the dynamic layers: convolutions, cheap operations, gates.
  var macs = 0
}

extension ClipCost {
  /// Of clip `clip` of the last forward pass.
  init(_ layers: [DynamicConvolution], clip: Int) {
    for layer in layers {
      let (terms, policy) = (layer.costTerms, layer.gate.policy)
      let geometry = layer.convolution.geometry
      let part = policy.part(clip)
      let ofMACs = layer.share * Double(geometry.macs(part: part)) / Double(geometry.macs)
      let gate = layer.asksGate ? terms.gate : 0
      convRatio += ofMACs
      differentiable += terms.full * Double(layer.cost(clip: clip).ratio) + gate
      if let ratio = layer.measuredRatio(clip: clip) {
        let terms = terms.full * ratio + terms.term * Double(policy.openCandidates(clip) - 2)
        executed += terms + gate
      } else {
        executed += ofMACs
      }
      macs += geometry.macs(part: part) + (layer.asksGate ? layer.gate.macs : 0)
      macs += layer.cheap.macs(policy, clip: clip, part: part, output: geometry.output)
    }
  }
}

/// `∂L/∂ρ_l` of one layer, for each clip.
struct CostGradient {
  /// `∂L/∂(Σ_l w_l ρ_l,n) [n]`.
  let network: [Double]
  /// `w_l`, in the unit of the loss.
  let share: Double
  /// Whether closed candidates are opened (METHOD §4).
  var reopens = false

  subscript(clip: Int) -> Float { Float(network[clip] * share) }
}
