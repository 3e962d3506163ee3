// Whether a person watches standard output, and what is written there.

import Foundation
import Synchronization
import VARedDist

package enum Terminal {
  /// How much is said; set once, when the settings are known.
  package static var verbosity: Verbosity {
    get { level.withLock { $0 } }
    set { level.withLock { $0 = newValue } }
  }

  private static let level = Mutex(Verbosity.normal)

  /// Whether standard output ends at a terminal. Open MPI gives its ranks terminals of its own in
  /// between, so under `mpirun` it is the launcher's output that counts.
  package static func isWatched() -> Bool {
    guard isatty(STDOUT_FILENO) == 1 else { return false }
    return isUnderMpirun ? launcherHasTerminal(STDOUT_FILENO) : true
  }

  /// Whether standard error ends at a terminal; under `mpirun`, the launcher's.
  static func errorsAreWatched() -> Bool {
    isUnderMpirun ? launcherHasTerminal(STDERR_FILENO) : isatty(STDERR_FILENO) == 1
  }

  private static var isUnderMpirun: Bool {
    ProcessInfo.processInfo.environment["OMPI_COMM_WORLD_SIZE"] != nil
  }

  private static func launcherHasTerminal(_ file: Int32) -> Bool {
    let link = "/proc/\(getppid())/fd/\(file)"
    let target = try? FileManager.default.destinationOfSymbolicLink(atPath: link)
    return target.map { $0.hasPrefix("/dev/pts/") || $0.hasPrefix("/dev/tty") } ?? false
  }

  /// Columns of the terminal; 80 where it does not say.
  package static func columns() -> Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// From now on lines of ``say(_:)`` and ``warn(_:)``, and what ranks say when they fail, begin
  /// with date and time, unless a terminal shows both streams: a person there has a clock.
  package static func beginLog() {
    if !isWatched() || !errorsAreWatched() { LogTime.begin() }
  }

  /// Writes at once, so that lines appear when they are written also through pipes. What standard
  /// output does not take goes to the file of ``keepLostLines(in:)``.
  package static func write(_ text: String) {
    lost.withLock { lost in
      if lost.reason == nil { lost.reason = failure(writing: text.utf8, to: STDOUT_FILENO) }
      if lost.reason != nil { lost.keep(text) }
    }
  }

  /// Writes what a command was asked for to standard output, and a line's end where it has none.
  ///
  /// - Throws: `FileError` if it cannot be written.
  package static func show(_ text: String) throws {
    let line = text.hasSuffix("\n") ? text : text + "\n"
    guard let reason = failure(writing: line.utf8, to: STDOUT_FILENO) else { return }
    throw FileError(path: "standard output", "cannot be written: \(reason)")
  }

  /// Names the file that lines of a log go to from the moment on when standard output does not take
  /// them any more: it is full, or closed, or nobody reads it.
  package static func keepLostLines(in path: String) {
    lost.withLock { lost in
      lost.path = path
      if lost.reason != nil { lost.keep("") }
    }
  }

  /// Why standard output took no more, and where its lines are; nil: it took all.
  package static var lostLines: String? {
    lost.withLock { lost in
      lost.reason.map { reason in
        "standard output could not be written (\(reason))"
          + (lost.path.map { "; its lines are in \($0)" } ?? "")
      }
    }
  }

  private struct Lost {
    var reason: String?
    var path: String?
    /// Lines for which there is no file yet.
    private var pending = ""
    private static let mostPending = 1 << 20

    mutating func keep(_ text: String) {
      // Of a line that is drawn again and again the last state is not worth keeping.
      if !text.hasPrefix("\r"), pending.utf8.count < Self.mostPending { pending += text }
      guard let path, !pending.isEmpty else { return }
      guard let file = try? RegularFile.openToAppend(path) else {
        // There may be room later; what is no file becomes none.
        if let kind = SpecialFile.kind(path), kind != S_IFREG { self.path = nil }
        return
      }
      defer { close(file) }
      if failure(writing: pending.utf8, to: file) == nil { pending = "" }
    }
  }

  private static let lost = Mutex(Lost())

  /// Writes a line of the log to standard output; nothing where quiet was asked for.
  package static func say(_ line: String) {
    if verbosity > .quiet { conclude(line) }
  }

  /// Writes a line of the log that is shown in any case: how something ended.
  package static func conclude(_ line: String) { write(LogTime.prefix + line + "\n") }

  /// Writes a line to standard error.
  package static func warn(_ line: String) { writeError(LogTime.prefix + line + "\n") }

  static func writeError(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }
}
