// Which candidates the dynamic convolutions take.

/// Who decides what the dynamic convolutions compute: the gates, or one rule for every clip.
public enum PolicyMode: String, Sendable, CaseIterable {
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

  /// Candidates along time and along channels, where they are the same for every clip.
  var candidates: (temporal: Int, channel: Int)? {
    switch self {
    case .gates, .random: nil
    case .full: (0, 0)
    case .halfFrames: (1, 0)
    case .halfChannels: (0, 1)
    case .half: (1, 1)
    }
  }
}
