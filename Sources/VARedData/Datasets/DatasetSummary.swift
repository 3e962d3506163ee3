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
  /// Pixels of the short side that larger frames were scaled to by `prepare`; nil: none were.
  var preparedShortSide: Int?

  /// The notes for whoever reads clips of this size.
  ///
  /// - Parameter size: height and width of a clip in pixels.
  package func notes(size: Int) -> [String] {
    guard let side = preparedShortSide, side < size else { return notes }
    return notes + [
      "frames were prepared with a short side of \(side), below the \(size) pixels of a clip, and are "
        + "enlarged: prepare the set with --short-side \((size * 160 + 111) / 112) for them"
    ]
  }
}

/// A listed clip whose file is not there.
public struct MissingClip: Sendable, Equatable {
  /// Where it was looked for, relative to the folder of the videos.
  public let path: String
  /// The split it is listed in.
  public let split: Split
}
