// Checkpoints go to the disk on a thread of their own (rank 0 only).

import Foundation
import Synchronization

/// Writes one checkpoint at a time beside training.
///
/// Unchecked `Sendable`: but for the seconds, which are locked, everything belongs to the caller.
final class CheckpointSaver: @unchecked Sendable {
  /// How a write ended.
  struct Outcome {
    let step: Int
    /// nil: the checkpoint is on the disk.
    let error: FileError?
  }

  private final class Write: Sendable {
    let step: Int
    let isDone = DispatchSemaphore(value: 0)
    let error = Mutex<FileError?>(nil)

    init(step: Int) { self.step = step }
  }

  private var current: Write?
  /// Of the writes so far, on this machine beside training.
  var longestSeconds: Double { longest.withLock { $0 } }
  private let longest = Mutex(0.0)

  /// Begins to write; `collect` says later how it went.
  ///
  /// - Precondition: the write before was collected.
  func start(_ snapshot: CheckpointSnapshot, to path: String) {
    precondition(current == nil, "a checkpoint is being written")
    let write = Write(step: snapshot.header.position.step)
    current = write
    let start = ContinuousClock.now
    Thread.detachNewThread { [self] in
      // The thread's own priority: where cores are short, training goes first.
      setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
      do {
        try snapshot.write(path)
      } catch {
        write.error.withLock {
          $0 = error as? FileError ?? FileError(path: path, "\(error)")
        }
      }
      let seconds = start.duration(to: .now) / .seconds(1)
      longest.withLock { $0 = max($0, seconds) }
      write.isDone.signal()
    }
  }

  /// How the last write ended, once; nil: there is none, or it goes on.
  ///
  /// - Parameter waiting: waits for one that goes on.
  func collect(waiting: Bool) -> Outcome? {
    guard let write = current else { return nil }
    guard write.isDone.wait(timeout: waiting ? .distantFuture : .now()) == .success else {
      return nil
    }
    current = nil
    return Outcome(step: write.step, error: write.error.withLock { $0 })
  }
}
