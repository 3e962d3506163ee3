// No memory for a buffer of the network.

import Foundation
import Synchronization

/// What becomes of the process when there is no memory for a buffer of the network. Buffers are
/// asked for in the middle of layers that cannot go on without them, so this is no error that is
/// thrown.
public enum OutOfMemory {
  private static let ending = Mutex<(@Sendable (String) -> Never)?>(nil)

  /// Has `end` end the process, which traps otherwise.
  ///
  /// - Parameter end: gets one line: what was asked for, and what to do. Called on any thread.
  public static func endProcess(by end: @escaping @Sendable (String) -> Never) {
    ending.withLock { $0 = end }
  }

  /// Ends the process, because there are no `bytes` for `purpose`.
  package static func report(
    bytes: Int, for purpose: String, remedy: String = "lower --batch or --size"
  ) -> Never {
    let line = "out of memory: \(bytes >> 20) MiB for \(purpose); \(remedy)"
    if let end = ending.withLock({ $0 }) { end(line) }
    fatalError("error: \(line)")
  }

  /// Ends the process where its limit of addresses (`ulimit -v`) leaves too few for what libraries
  /// take by themselves: OpenBLAS, whose buffer every thread has that multiplies, asks for ever for
  /// what it does not get, and oneDNN does not look.
  ///
  /// - Parameters:
  ///   - threads: that compute.
  ///   - isTaken: these threads begin to compute now. What is there for them is not asked for
  ///     again: they have it.
  package static func requireRoom(threads: Int, isTaken: Bool) {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0,
      limit.rlim_cur != rlim_t.max
    else { return }
    let more = taken.withLock { taken in
      defer { if isTaken { taken = max(taken, threads + 1) } }
      return threads + 1 - taken
    }
    guard more > 0 else { return }
    let bytes = more * bufferBytes
    let room = mmap(nil, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard room != MAP_FAILED else {
      report(
        bytes: bytes, for: "the libraries that compute",
        remedy: "allow more (ulimit -v)" + (threads > 1 ? ", or lower --threads" : ""))
    }
    munmap(room, bytes)
  }

  /// Buffers for which there was room when they were taken.
  private static let taken = Mutex(0)

  /// Of OpenBLAS for one thread; one more is room for other libraries.
  private static let bufferBytes = 128 << 20
}
