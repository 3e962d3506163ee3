// What is wrong with a file or folder that a run reads or writes, in one line.

/// A checkpoint, report, metrics file or run folder that cannot be read, written or used.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file or folder at fault.
  public let path: String
  /// What was expected, what was found, what to do.
  public let message: String
  /// What a folder of checkpoints has to know of one that cannot be used.
  let fault: Fault

  /// Why a checkpoint cannot be used.
  enum Fault: Sendable {
    /// It is not what was written, or no checkpoint at all.
    case damaged
    /// It is whole, but of another format version.
    case otherVersion
    /// The system does not let it be read, now at least.
    case unreadable
    /// It is whole, and holds numbers that are not finite.
    case notFinite
  }

  /// An error about `path`.
  public init(path: String, _ message: String) { self.init(path: path, message, .damaged) }

  /// An error about a checkpoint at `path`.
  init(path: String, _ message: String, _ fault: Fault) {
    self.path = path
    self.message = message
    self.fault = fault
  }

  /// `path: message`.
  public var description: String { "\(path.isEmpty ? "''" : path): \(message)" }
}
