// What a data set turned out to be: its form, its counts, and what a person should know about it.

/// Facts about an opened data set, for people and for `check --json`.
public struct DatasetSummary: Sendable {
  /// What the form of the annotations is called.
  public let format: String
  /// Clips that the annotations list, by split.
  public let listed: [Split: Int]
  /// Listed clips whose files are not there.
  public let missing: [MissingClip]
  /// What a person should know, a sentence each, the most important first.
  public let notes: [String]
}

/// A listed clip whose file is not there.
public struct MissingClip: Sendable, Equatable {
  /// Where it was looked for, relative to the folder of the videos.
  public let path: String
  /// The split it is listed in.
  public let split: Split
}
