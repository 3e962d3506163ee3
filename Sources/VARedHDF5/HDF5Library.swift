// The library's global state: one lock for every call, silence on stderr, the last error's reason.

import CHDF5
import CTrialRead
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

  /// The error of the call that just failed: what was attempted, and the library's reason.
  static func failure(_ path: String, _ what: String) -> HDF5Error {
    let (text, isOfSystem) = reason()
    return HDF5Error(path: path, message: "\(what): \(text)", isOfSystem: isOfSystem)
  }

  /// What a child process that reads a file first may take: memory, and seconds.
  private static let trialLimits = (bytes: UInt64(512) << 20, seconds: Int32(60))

  /// Has a child process read the file. The caller holds the lock.
  ///
  /// - Throws: `HDF5Error` if that does not end well.
  static func tryReading(_ path: String) throws {
    var message = [CChar](repeating: 0, count: 1024)
    let status = vared_trial_read(
      path, trialLimits.bytes, trialLimits.seconds, &message, message.count)
    guard status >= 0 else { throw HDF5Error(path: path, system: "cannot be tried out") }
    guard status > 0 else { return }
    throw HDF5Error(path: path, message: text(message))
  }

  /// How files are opened and made: without the library's own locks. The caller holds the lock.
  static func access(_ path: String) throws -> Handle {
    let access = try Handle(H5Pcreate(vared_h5p_file_access()), H5Pclose, path, "cannot open")
    _ = H5Pset_file_locking(access.id, false, true)
    return access
  }

  /// The innermost reason of the last failed call, in words a reader can use, and whether it is the
  /// system's.
  private static func reason() -> (text: String, isOfSystem: Bool) {
    var text = [CChar](repeating: 0, count: 512)
    text.withUnsafeMutableBufferPointer { vared_h5e_innermost($0.baseAddress) }
    return plain(self.text(text))
  }

  /// What a C function wrote into a buffer, up to its 0.
  static func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// `errno = 28` inside a library message is what matters: say it as the system says it.
  private static func plain(_ reason: String) -> (text: String, isOfSystem: Bool) {
    if let range = reason.range(of: "errno = ") {
      let digits = reason[range.upperBound...].prefix { $0.isNumber }
      if let code = Int32(digits) { return (String(cString: strerror(code)), true) }
    }
    if reason.contains("file signature not found") { return ("not an HDF5 file", false) }
    if reason.contains("truncated file") { return ("the file is truncated", false) }
    return (reason.isEmpty ? "unknown HDF5 failure" : reason, false)
  }
}
