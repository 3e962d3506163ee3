// What dynamic convolutions can be set to.

/// The settings of the dynamic convolutions of a network.
public struct DynamicConfiguration: Equatable, Sendable, Codable {
  /// `St`: candidates `R_a = 2^a` along time, before collapsing.
  public var temporalCandidates = 2
  /// `Sc`: candidates along channels, before collapsing.
  public var channelCandidates = 2
  /// How gates weigh candidates.
  public var gateForm = GateForm.normalized
  /// `Dh`: hidden units of a gate.
  public var gateHidden = 32
  /// Whether gates see the motion energy of their input beside its means (METHOD §4).
  public var motionEnergy = false
  /// What policies are charged for in the loss.
  public var cost = CostForm.linear
  /// Probability of the label from which on a clip that is classified correctly is charged; 0:
  /// every such clip.
  public var costConfidence = 0.0
  /// Power of a clip's cost in the loss; 2 in METHOD §3.
  public var costPower = 2.0

  /// What `temporalCandidates` and `channelCandidates` may be.
  public static let candidateCounts = 1...4
  /// What `gateHidden` may be.
  public static let hiddenUnits = 1...1024

  /// METHOD's default settings.
  public init() {}
}
