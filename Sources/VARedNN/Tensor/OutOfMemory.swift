// No memory for a buffer of the network.

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
  package static func report(bytes: Int, for purpose: String) -> Never {
    let line = "out of memory: \(bytes >> 20) MiB for \(purpose); lower --batch or --size"
    if let end = ending.withLock({ $0 }) { end(line) }
    fatalError("error: \(line)")
  }
}
