// FailureReport: one rank's failure is one line on stderr and the end of the whole job.

import CMPI
import Foundation

extension Communicator {
  /// Writes `rank 3 of 8: <reason>` to stderr and ends the job on every rank.
  ///
  /// A single process has no other rank to stop: it writes `error: <reason>`, finalizes and exits.
  /// With more ranks it is `MPI_Abort`: under `mpirun` all ranks are gone within about 2 s, and the
  /// exit status of the launcher is `status`. Not collective.
  ///
  /// - Parameters:
  ///   - reason: what went wrong and what to do; line ends in it become spaces.
  ///   - status: exit status; 0 would read as success and becomes 1.
  public func fail(_ reason: String, status: Int32 = 1) -> Never {
    report(reason)
    guard size == 1 else { abort(status) }
    finalize()
    exit(status == 0 ? 1 : status)
  }

  /// Runs `body`; whatever it throws ends the whole job through ``fail(_:status:)``.
  ///
  /// - Parameters:
  ///   - status: the exit status for an error.
  ///   - body: what this rank does.
  /// - Returns: what `body` returns.
  public func endingJobOnFailure<Result>(
    status: (any Error) -> Int32 = { _ in 1 }, _ body: () throws -> Result
  ) -> Result {
    do {
      return try body()
    } catch {
      fail("\(error)", status: status(error))
    }
  }

  /// Writes one line about this rank to stderr, dated in a log, and waits, at most 0.2 s, until it
  /// was read.
  func report(_ reason: String) {
    let words = reason.split(whereSeparator: \.isNewline).joined(separator: " ")
    let line = size == 1 ? "error: \(words)\n" : "rank \(rank) of \(size): \(words)\n"
    write(LogTime.prefix + line, to: STDERR_FILENO)
  }
}

/// Writes `text` in one call, so that lines of several ranks do not mix, and gives the launcher
/// time to read it from the pipe before the job ends.
private func write(_ text: String, to file: Int32) {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let written = bytes.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
    if written < 0 && errno == EINTR { continue }
    guard written > 0 else { return }
    bytes = bytes.dropFirst(written)
  }
  var unread: Int32 = 0
  for _ in 0..<20 where ioctl(file, UInt(FIONREAD), &unread) == 0 && unread > 0 { usleep(10_000) }
}
