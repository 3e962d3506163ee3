// What a step and an inference return.

/// What one training step found, over this rank's clips.
public struct StepOutcome: Sendable {
  /// What the means below are taken of.
  public let sums: StepSums
  /// λ.
  public let costWeight: Double
  /// Clips classified right (METHOD §3).
  public let correct: Int
  /// Clips.
  public let count: Int
  /// `crossEntropy + λ·cost`.
  public var loss: Double { crossEntropy + costWeight * cost }
  /// Mean cross-entropy.
  public var crossEntropy: Double { sums.crossEntropy / Double(count) }
  /// `mean_n μ_n·(Σ_l w_l ρ_l,n)²`.
  public var cost: Double { sums.cost / Double(count) }
  /// Mean executed conv ratio.
  public var convRatio: Double { sums.convRatio / Double(count) }
  /// The same in the unit of the loss: the conv ratio again, or the time ratio.
  public var executedCost: Double { sums.executedCost / Double(count) }
  /// Mean executed multiply-accumulates.
  public var executedMACs: Double { sums.executedMACs / Double(count) }
  /// Seconds of forward and loss.
  public let forwardSeconds: Double
  /// Seconds of backward, what `gradientsReady` took included.
  public let backwardSeconds: Double
}

/// What inference found for `n` clips.
public struct Inference: Sendable {
  /// `[n, classes]`.
  public let logits: [Float]
  /// Executed multiply-accumulates of the whole network, for each clip.
  public let executedMACs: [Int]
  /// Executed conv ratio `Σ_l w_l r_l`, for each clip.
  public let convRatio: [Double]
  /// The seconds that clips take by the network's table, as shares of what the fixed network takes;
  /// nil where costs are MACs.
  public let timeRatio: [Double]?
  /// `v_t [n, St]` of each dynamic layer.
  public let temporal: [[Float]]
  /// `v_c [n, Sc]` of each dynamic layer.
  public let channel: [[Float]]

  /// `a*` and `b*` (METHOD §1): the candidates that were computed for clip `clip` in the dynamic
  /// layer of number `layer`.
  public func chosen(layer: Int, clip: Int) -> (temporal: Int, channel: Int) {
    func chosen(_ weights: [Float]) -> Int {
      let count = weights.count / executedMACs.count
      return Policy.chosen(weights[clip * count..<(clip + 1) * count])
    }
    return (chosen(temporal[layer]), chosen(channel[layer]))
  }
}

/// One dynamic convolution of a network.
public struct DynamicLayerInfo: Sendable {
  /// PyTorch's name, e.g. `layer1.0.conv1.0.0`.
  public let name: String
  /// `R_a` of the temporal candidates.
  public let temporalStrides: [Int]
  /// `n_b` of the channel candidates.
  public let channelCounts: [Int]
  /// `M_l`: multiply-accumulates of one clip when everything is computed.
  public let fullMACs: Int
  /// `w_l`: the layer's share of the full cost of all dynamic layers.
  public let share: Double
  private let pairs: CandidatePairs

  /// `r_l = (n_b*/K)·(⌈T'/R_a*⌉/T')` (METHOD §3): the share of the layer that the candidates `a*`
  /// and `b*` execute.
  public func executedRatio(temporal a: Int, channel b: Int) -> Double {
    pairs.ratio(temporal: a, channel: b)
  }

  /// - Parameter total: `Σ_l M_l`.
  init(name: String, layer: DynamicConvolution, total: Int) {
    self.name = name
    temporalStrides = layer.gate.space.temporalStrides
    channelCounts = layer.gate.space.channelCounts
    fullMACs = layer.convolution.geometry.macs
    share = Double(fullMACs) / Double(total)
    pairs = layer.pairs
  }
}
