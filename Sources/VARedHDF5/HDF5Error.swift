// What the HDF5 door throws: one line that names the file, what went wrong and why.

import Foundation

/// A failure of an HDF5 file: the path, what was attempted, and the library's reason.
public struct HDF5Error: Error, CustomStringConvertible, Sendable, Equatable {
  /// Path of the file, as it was given.
  public let path: String
  /// What was expected or attempted, and what was found; one line.
  public let message: String
  /// Whether it is the system that refused (permission, a lock, a broken disk, no memory), so that
  /// nothing is known about what is in the file.
  public let isOfSystem: Bool

  /// An error about `path`; `message` is one line.
  public init(path: String, message: String, isOfSystem: Bool = false) {
    self.path = path
    self.message = message
    self.isOfSystem = isOfSystem
  }

  /// The system call that just failed, with its reason behind `what`.
  init(path: String, system what: String) {
    self.init(path: path, message: "\(what): \(String(cString: strerror(errno)))", isOfSystem: true)
  }

  /// `path: message`.
  public var description: String { "\(path): \(message)" }
}
