// What is wrong with a label file, a clips file or a video, as one line a person can act on.

/// A label file, clips file or video that cannot be used.
///
/// `description` is one line: `path:line: expected …, found …; what to do`.
public struct DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file that is at fault, as the user wrote it.
  public let path: String
  /// The line of a label file that is at fault, counted from 1.
  public let line: Int?
  /// What would have been right.
  public let expected: String
  /// What was there instead; for a video, the reason it was refused.
  public let found: String
  /// What the user can do about it; empty where it is obvious.
  public let remedy: String

  /// An error about `path`; every text is a fragment without a full stop.
  public init(
    path: String, line: Int? = nil, expected: String, found: String, remedy: String = ""
  ) {
    self.path = path
    self.line = line
    self.expected = expected
    self.found = found
    self.remedy = remedy
  }

  /// One line: where, what was expected, what was found, what to do.
  public var description: String {
    let place = line.map { "\(path):\($0)" } ?? (path.isEmpty ? "''" : path)
    let advice = remedy.isEmpty ? "" : "; \(remedy)"
    return "\(place): expected \(expected), found \(found)\(advice)"
  }
}

/// The error of a video that cannot be used; `reason` says why.
func refusedVideo(_ path: String, _ reason: String) -> DatasetError {
  DatasetError(path: path, expected: "a video that decodes", found: reason)
}

/// The error of a video whose reading was called off.
func tooSlow(_ path: String) -> DatasetError {
  refusedVideo(path, "one that takes too long to read")
}
