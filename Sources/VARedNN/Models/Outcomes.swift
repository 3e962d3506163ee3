// What a step and an inference return.

/// What one training step found, over this rank's clips.
public struct StepOutcome: Sendable {
  /// `crossEntropy + λ·cost`.
  public let loss: Double
  /// Mean cross-entropy, softmax or binary as the targets say.
  public let crossEntropy: Double
  /// `mean_n μ_n·(Σ_l w_l ρ_l,n)²`.
  public let cost: Double
  /// Clips classified right (METHOD §3).
  public let correct: Int
  /// Clips.
  public let count: Int
  /// Mean over clips of `Σ_l w_l r_l`, the executed conv ratio.
  public let convRatio: Double
  /// Mean over clips of the executed multiply-accumulates of the whole network.
  public let executedMACs: Double
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
