// The weight of the cost during the joint stage: ramped in, or controlled to a target (METHOD §4).

import Foundation

/// λ of every step: a PI controller of the executed conv ratio, or of the time ratio.
///
/// Without a target λ rises linearly to its setting over the first `ramp` of the joint stage. With
/// a target that same part of the stage leads a goal for the executed ratio from where gates start
/// down to the target, and λ follows how far above the goal the network will soon be: by an
/// integral part, which is multiplied up or down, and a proportional one. Looking ahead matters:
/// gates answer to λ with a delay, and a candidate that is closed for every clip has no gradient
/// that would open it again. Sparsemax gates close candidates as their temperature falls, asked or
/// not: for them λ may become negative, which presses the ratio back up to the goal, and closed
/// candidates too.
public struct CostController: Equatable, Sendable {
  /// What λ remembers from step to step; part of a checkpoint.
  public struct Memory: Equatable, Sendable {
    /// The integral part of λ.
    public var weight: Double
    /// The executed ratio on the training clips, averaged over the last steps.
    public var ratio: Double
    /// The same, averaged over more steps.
    public var earlierRatio: Double

    /// What ratios can be, which are means of sums, and rounded. With every candidate open a
    /// network takes longer than the fixed one.
    static func ratios(_ unit: CostUnit) -> ClosedRange<Double> {
      unit == .macs ? 0...1.001 : 0...1000.001
    }

    /// Before the first step of the joint stage.
    public init(weight: Double, ratio: Double = 1) {
      self.weight = weight
      (self.ratio, earlierRatio) = (ratio, ratio)
    }

    /// The values as a checkpoint stores them.
    var stored: [Double] { [weight, ratio, earlierRatio] }

    /// Values a checkpoint stored; nil if there are not as many, or they cannot be.
    init?(stored: [Double], unit: CostUnit) {
      guard stored.count == 3, stored[0].isFinite, stored[0] >= 0,
        stored[1...].allSatisfy(Self.ratios(unit).contains)
      else { return nil }
      (weight, ratio, earlierRatio) = (stored[0], stored[1], stored[2])
    }
  }

  /// The executed ratio to reach; nil: λ is what it was set to.
  public let target: Double?
  /// The part of the joint stage in which the cost comes in.
  public let ramp: Double
  /// Steps of the joint stage.
  public let steps: Int
  /// λ as set: with a target where it starts.
  public let setWeight: Double
  /// Whether λ may become negative where less is executed than wanted.
  public let pressesUpwards: Bool
  /// What the ratio is of.
  public let unit: CostUnit
  /// The ratio of gates that leave everything open, and 1 at least.
  public let start: Double
  /// Present state.
  public var memory: Memory

  /// How fast the two means follow, a step: they lag 4 and 19 steps behind.
  private static let (rate, earlierRate) = (0.2, 0.05)
  /// How far ahead to look, as a part of the joint stage.
  private static let horizon = 0.08
  /// λ's change for a ratio 1 above its goal: as a factor, and in e-folds over the joint stage.
  private static let (proportional, integral) = (8.0, 40.0)
  /// How λ becomes negative: by how much of its integral part, or of λ as set, if that is more, for
  /// a ratio 1 below its goal; and from how far below on.
  private static let (upward, slack) = (30.0, 0.01)

  /// - Parameters:
  ///   - weight: λ as set.
  ///   - target: the ratio to end at; nil keeps λ as set.
  ///   - ramp: share of the joint stage over which the cost comes in.
  ///   - steps: of the joint stage.
  ///   - pressesUpwards: whether λ may become negative.
  ///   - unit: what the ratio is of.
  ///   - start: the ratio of gates that leave everything open.
  public init(
    weight: Double, target: Double?, ramp: Double, steps: Int, pressesUpwards: Bool = false,
    unit: CostUnit = .macs, start: Double = 1
  ) {
    self.unit = unit
    self.target = target
    self.ramp = ramp
    self.steps = steps
    setWeight = weight
    self.pressesUpwards = pressesUpwards
    self.start = start
    memory = Memory(weight: weight, ratio: start)
  }

  /// λ at `progress` through the joint stage, 0 to 1.
  public func weight(progress: Double) -> Double {
    guard let target else { return setWeight * rampedIn(progress) }
    let excess = expectedRatio - goal(target, progress: progress)
    let weight = memory.weight * min(3, max(0, 1 + Self.proportional * excess))
    guard pressesUpwards else { return weight }
    let most = max(setWeight, memory.weight)
    return weight + most * min(0, max(-1, Self.upward * (excess + Self.slack)))
  }

  /// Takes in what a step of the joint stage, `progress` through it, executed.
  public mutating func observe(ratio: Double, progress: Double) {
    guard let target else { return }
    // Gates that were trained before do not leave everything open.
    if unit == .seconds, progress == 0 { (memory.ratio, memory.earlierRatio) = (ratio, ratio) }
    memory.ratio += Self.rate * (ratio - memory.ratio)
    memory.earlierRatio += Self.earlierRate * (ratio - memory.earlierRatio)
    // Bounded, or λ would wind up, and down, while the gates are on their way.
    let excess = min(0.25, max(-0.1, expectedRatio - goal(target, progress: progress)))
    let weight = memory.weight * exp(Self.integral / Double(max(1, steps)) * excess)
    memory.weight = min(100, max(1e-2, weight))
  }

  /// How far from the target the joint stage may end.
  private static let tolerance = 0.03

  /// After the joint stage: what to say of a target that it did not end at; nil: nothing.
  public var missedTarget: String? {
    guard let target, abs(memory.ratio - target) > Self.tolerance else { return nil }
    func text(_ ratio: Double) -> String { String(format: "%.2f", ratio) }
    let remedy =
      memory.ratio > target
      ? "train longer, raise --gate-rate or --cost-weight, or lower --cost-confidence if it is set"
      : "train longer, or lower --gate-rate or --cost-weight"
    return "note: the joint stage ended at a \(unit.ratioName) of \(text(memory.ratio)), not at "
      + "--target-ratio \(text(target)); \(remedy)"
  }

  /// The ratio a horizon from now, if it goes on as it does.
  private var expectedRatio: Double {
    let lag = 1 / Self.earlierRate - 1 / Self.rate
    let slope = (memory.ratio - memory.earlierRatio) / lag
    return memory.ratio + slope * Self.horizon * Double(steps)
  }

  /// The ratio wanted at `progress`.
  private func goal(_ target: Double, progress: Double) -> Double {
    start + (target - start) * rampedIn(progress)
  }

  private func rampedIn(_ progress: Double) -> Double {
    ramp > 0 ? min(1, progress / ramp) : 1
  }
}
