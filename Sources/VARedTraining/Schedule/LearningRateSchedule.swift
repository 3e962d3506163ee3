// The learning rate of every step.

import Foundation

/// Linear warm-up from 0, then half a cosine down to 0, per step.
///
/// With warm-up `w` and total `n` steps, step `s` = 0, 1, … uses `peak·(s+1)/w` while `s < w`, then
/// `peak·½(1 + cos(π·(s−w)/(n−w)))`: PyTorch's `SequentialLR` of
/// `LinearLR(1/w, total_iters = w − 1)` and `CosineAnnealingLR(T_max = n − w)` at milestone `w`.
public struct LearningRateSchedule: Equatable, Sendable {
  /// Learning rate at the end of the warm-up.
  public let peak: Double
  /// Steps of the warm-up, at most `totalSteps`.
  public let warmupSteps: Int
  /// Steps of the whole run.
  public let totalSteps: Int

  /// A schedule; a warm-up longer than the run is cut to it.
  public init(peak: Double, warmupSteps: Int, totalSteps: Int) {
    self.peak = peak
    self.warmupSteps = min(warmupSteps, totalSteps)
    self.totalSteps = totalSteps
  }

  /// The learning rate of step `step`, counted from 0.
  public func learningRate(step: Int) -> Double {
    if step < warmupSteps { return peak * Double(step + 1) / Double(warmupSteps) }
    let decaySteps = max(1, totalSteps - warmupSteps)
    let progress = min(1, Double(step - warmupSteps) / Double(decaySteps))
    return peak * 0.5 * (1 + cos(.pi * progress))
  }
}
