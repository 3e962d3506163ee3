// What is wrong with a file or folder that a run reads or writes, in one line.

/// A checkpoint, report, metrics file or run folder that cannot be read, written or used.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file or folder at fault.
  public let path: String
  /// What was expected, what was found, what to do.
  public let message: String
  /// Whether the file is whole, but of another format version.
  var isOfOtherVersion = false

  /// An error about `path`.
  public init(path: String, _ message: String) {
    self.path = path
    self.message = message
  }

  /// `path: message`.
  public var description: String { "\(path): \(message)" }
}
