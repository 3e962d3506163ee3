// Sums over the clips of one epoch, for its record; checkpoints keep them, so that an epoch that
// was interrupted is reported as a whole.

/// Sums over the training clips of one epoch, over all ranks.
public struct EpochTotals: Equatable, Sendable {
  /// Clips trained on.
  public var clips = 0.0
  /// Of those, classified correctly.
  public var correct = 0.0
  /// Sum of the loss.
  public var loss = 0.0
  /// Sum of the conv ratio.
  public var convRatio = 0.0
  /// Sum of the executed MACs.
  public var executedMACs = 0.0
  /// Clips that could not be decoded.
  public var badClips = 0.0
  /// Seconds spent training.
  public var seconds = 0.0

  /// No clip yet.
  public init() {}

  /// The fields in the order in which checkpoints store them.
  private static let fields: [WritableKeyPath<EpochTotals, Double> & Sendable] = [
    \.clips, \.correct, \.loss, \.convRatio, \.executedMACs, \.badClips, \.seconds,
  ]

  /// The values as a checkpoint stores them.
  var stored: [Double] { Self.fields.map { self[keyPath: $0] } }

  /// Values a checkpoint stored; nil if there are not as many as fields, or they cannot be.
  init?(stored: [Double]) {
    // What is counted is counted on: 2^53 is beyond every run.
    guard stored.count == Self.fields.count, stored.allSatisfy({ abs($0) < 1e30 }),
      stored[0] >= 0, stored[0] < 0x1p53, stored[5] >= 0, stored[5] < 0x1p53
    else { return nil }
    for (field, value) in zip(Self.fields, stored) { self[keyPath: field] = value }
  }

  /// Adds a step; of one that was undone only what it cost.
  mutating func add(_ step: StepRecord) {
    badClips += step.badClips
    seconds += step.wallSeconds
    guard !step.isUndone else { return }
    clips += step.clips
    correct += step.accuracy * step.clips
    loss += step.loss * step.clips
    convRatio += step.convRatio * step.clips
    executedMACs += step.executedGMACs * 1e9 * step.clips
  }
}
