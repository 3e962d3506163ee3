// What a training step adds up over its clips.

/// Sums over the clips of a step; not yet divided by their number, so that ranks can add theirs.
public struct StepSums: Sendable {
  /// Cross-entropy, softmax or binary as the targets say; not a number where a sum overflowed.
  public var crossEntropy = 0.0
  /// `μ_n·(Σ_l w_l ρ_l,n)²`, without λ.
  public var cost = 0.0
  /// `Σ_l w_l r_l`, the executed conv ratio.
  public var convRatio = 0.0
  /// The same in the unit of the loss: the conv ratio again, or the time ratio.
  public var executedCost = 0.0
  /// Executed multiply-accumulates of the whole network.
  public var executedMACs = 0.0
}
