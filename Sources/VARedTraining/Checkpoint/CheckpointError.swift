// What is wrong with a checkpoint, a file of weights or the output folder, in one line.

import VARedHDF5

/// A checkpoint, weights file or run folder that cannot be read, written or used.
public struct CheckpointError: Error, Equatable, Sendable, CustomStringConvertible {
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
