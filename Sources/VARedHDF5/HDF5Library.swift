// The library's global state: one lock for every call, silence on stderr, the last error's reason.

import CHDF5
import Foundation

/// HDF5 is not thread-safe in every build, so each public call runs under one lock.
enum HDF5Library {
  private static let lock = NSRecursiveLock()

  /// At exit the library would close what could not be closed, and crash over a file whose disk was
  /// full. Files are closed explicitly here, so it has nothing to do then.
  private static let start: Void = { _ = H5dont_atexit() }()

  /// Runs `body` alone in the library, with its automatic error printing off.
  static func locked<Result>(_ body: () throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    start
    _ = vared_h5e_silence()
    return try body()
  }

  /// The innermost reason of the last failed call, in words a reader can use.
  static func reason() -> String {
    var text = [CChar](repeating: 0, count: 512)
    text.withUnsafeMutableBufferPointer { vared_h5e_innermost($0.baseAddress) }
    let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return plain(String(decoding: bytes, as: UTF8.self))
  }

  /// `errno = 28` inside a library message is what matters: say it as the system says it.
  static func plain(_ reason: String) -> String {
    if let range = reason.range(of: "errno = ") {
      let digits = reason[range.upperBound...].prefix { $0.isNumber }
      if let code = Int32(digits) { return String(cString: strerror(code)) }
    }
    if reason.contains("file signature not found") { return "not an HDF5 file" }
    if reason.contains("truncated file") { return "the file is truncated" }
    return reason.isEmpty ? "unknown HDF5 failure" : reason
  }
}
