// What dynamic convolutions can be set to.

/// The settings of the dynamic convolutions of a network.
public struct DynamicConfiguration: Equatable, Sendable, Codable {
  /// `St`: candidates `R_a = 2^a` along time, before collapsing.
  public var temporalCandidates = 2
  /// `Sc`: candidates along channels, before collapsing.
  public var channelCandidates = 2
  /// How gates weigh candidates.
  public var gateForm = GateForm.normalised
  /// `Dh`: hidden units of a gate.
  public var gateHidden = 32

  /// METHOD's default settings.
  public init() {}
}
