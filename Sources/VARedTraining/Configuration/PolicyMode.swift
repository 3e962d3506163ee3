// Which candidates the dynamic convolutions take.

import VARedNN

/// What decides what the dynamic convolutions compute: the gates, or one rule for every clip.
public enum PolicyMode: String, Sendable, CaseIterable, Encodable {
  /// What the gates say.
  case gates
  /// Everything, without gates.
  case full
  /// Half the frames.
  case halfFrames = "half-frames"
  /// Half the channels.
  case halfChannels = "half-channels"
  /// Half the channels of half the frames.
  case half
  /// Candidates drawn at random for each clip and layer, of a given mean cost.
  case random

  /// Where policies come from; of a random one, for the clips of these keys.
  package func source(keys: @autoclosure () -> [UInt64?], tilt: Double = 0) -> PolicySource {
    switch self {
    case .gates: .gates
    case .full: .full
    case .halfFrames: .fixed(temporal: 1, channel: 0)
    case .halfChannels: .fixed(temporal: 0, channel: 1)
    case .half: .fixed(temporal: 1, channel: 1)
    case .random: .drawn(CandidateDraws(keys: keys(), tilt: tilt))
    }
  }
}
