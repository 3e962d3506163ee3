// The three stages of training a dynamic network (METHOD §4).

/// What the gates do.
public enum TrainingStage: String, Sendable, CaseIterable {
  /// Gates held at full computation; a share of the clips takes random candidates.
  case warmup = "warm-up"
  /// Gates and network learn together, cost included.
  case joint
  /// Gates frozen, no cost.
  case finetune = "fine-tune"
}

/// Which step belongs to which stage.
public struct TrainingStages: Equatable, Sendable {
  /// Steps of the warm-up.
  public let warmupSteps: Int
  /// Steps of the joint stage.
  public let jointSteps: Int

  /// Stages by their share of `totalSteps`; the joint stage is what the others leave.
  public init(warmupShare: Double, finetuneShare: Double, totalSteps: Int) {
    let total = Double(totalSteps)
    warmupSteps = Int((warmupShare * total).rounded())
    jointSteps = max(0, totalSteps - warmupSteps - Int((finetuneShare * total).rounded()))
  }

  /// The stage of step `step`, counted from 0.
  public func stage(step: Int) -> TrainingStage {
    step < warmupSteps ? .warmup : step < warmupSteps + jointSteps ? .joint : .finetune
  }

  /// How much of the warm-up lies before step `step`, 0 to 1.
  public func warmupProgress(step: Int) -> Double {
    warmupSteps > 0 ? min(1, Double(step) / Double(warmupSteps)) : 1
  }

  /// How much of the joint stage lies before step `step`, 0 to 1.
  public func jointProgress(step: Int) -> Double {
    guard jointSteps > 0 else { return step < warmupSteps ? 0 : 1 }
    return min(1, max(0, Double(step - warmupSteps) / Double(jointSteps)))
  }
}
