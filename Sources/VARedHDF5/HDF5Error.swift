// What the HDF5 door throws: one line that names the file, what went wrong and why.

/// A failure of an HDF5 file: the path, what was attempted, and the library's reason.
public struct HDF5Error: Error, CustomStringConvertible, Sendable, Equatable {
  /// Path of the file, as it was given.
  public let path: String
  /// What was expected or attempted, and what was found; one line.
  public let message: String

  /// An error about `path`; `message` is one line.
  public init(path: String, message: String) {
    self.path = path
    self.message = message
  }

  /// `path: message`.
  public var description: String { "\(path): \(message)" }
}
