// Whether a person watches standard output, and what is written there.

import Foundation

package enum Terminal {
  /// Whether standard output ends at a terminal. Open MPI gives its ranks terminals of its own in
  /// between, so under `mpirun` it is the launcher's output that counts.
  package static func isWatched() -> Bool {
    guard isatty(STDOUT_FILENO) == 1 else { return false }
    let environment = ProcessInfo.processInfo.environment
    guard environment["OMPI_COMM_WORLD_SIZE"] != nil else { return true }
    let link = "/proc/\(getppid())/fd/1"
    let target = try? FileManager.default.destinationOfSymbolicLink(atPath: link)
    return target.map { $0.hasPrefix("/dev/pts/") || $0.hasPrefix("/dev/tty") } ?? false
  }

  /// Columns of the terminal; 80 where it does not say.
  package static func columns() -> Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes at once, so that lines appear when they are written also through pipes.
  package static func write(_ text: String) {
    try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
  }

  /// Writes a line to standard error.
  package static func warn(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
  }
}
