// Checkpoints go to the disk on a thread of their own (rank 0 only).

import Foundation
import Synchronization

/// Writes one checkpoint at a time beside training.
final class CheckpointSaver {
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

  /// Begins to write; `collect` says later how it went.
  ///
  /// - Precondition: the write before was collected.
  func start(_ snapshot: CheckpointSnapshot, to path: String) {
    precondition(current == nil, "a checkpoint is being written")
    let write = Write(step: snapshot.header.position.step)
    current = write
    Thread.detachNewThread {
      // The thread's own priority: where cores are short, training goes first.
      setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
      do {
        try snapshot.write(path)
      } catch {
        write.error.withLock {
          $0 = error as? FileError ?? FileError(path: path, "\(error)")
        }
      }
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
