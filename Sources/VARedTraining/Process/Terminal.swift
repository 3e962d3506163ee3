// Whether a person watches standard output, and what is written there.

import Foundation
import VARedDist

package enum Terminal {
  /// Whether standard output ends at a terminal. Open MPI gives its ranks terminals of its own in
  /// between, so under `mpirun` it is the launcher's output that counts.
  package static func isWatched() -> Bool {
    guard isatty(STDOUT_FILENO) == 1 else { return false }
    return isUnderMpirun ? launcherHasTerminal(STDOUT_FILENO) : true
  }

  /// Whether standard error ends at a terminal; under `mpirun`, the launcher's.
  private static func errorsAreWatched() -> Bool {
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

  /// Writes at once, so that lines appear when they are written also through pipes.
  package static func write(_ text: String) {
    try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
  }

  /// Writes a line of the log to standard output.
  package static func say(_ line: String) { write(LogTime.prefix + line + "\n") }

  /// Writes a line to standard error.
  package static func warn(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data((LogTime.prefix + line + "\n").utf8))
  }
}
