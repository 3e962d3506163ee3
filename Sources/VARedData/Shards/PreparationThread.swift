// The thread that decodes for a shard: what it stores now, and whether it was given up.

import Foundation
import Synchronization

/// A thread that stores one clip after the other.
///
/// It says that it lives whenever it asks whether to give up, which is at every packet. One that
/// hangs cannot be ended: it is left alone, and what it brings later goes nowhere.
final class PreparationThread: @unchecked Sendable {  // everything mutable is under `condition`
  private struct Task {
    let source: Dataset.Source
    let atMost: Int
    let deliver: ClipPreparation.Deliver
    var isBegun = false
    var outcome: Result<ClipPreparation.Stored, any Error>?
  }

  /// Seconds that a thread has to come back when everything is called off.
  private static let stopSeconds = 10.0

  private let condition = NSCondition()
  private let isCancelled: @Sendable () -> Bool
  private let isOver = Atomic<Bool>(false)
  /// Counted up whenever the thread shows that it does not hang.
  private let signs = Atomic<Int>(0)
  private var task: Task?

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - isCancelled: gives up the clip under way as soon as it says so.
  ///   - makeStore: makes what clips are stored with.
  init(
    _ isCancelled: @escaping @Sendable () -> Bool,
    _ makeStore: @escaping @Sendable (@escaping @Sendable () -> Bool) -> StoreClip
  ) {
    self.isCancelled = isCancelled
    let thread = Thread { [self] in run(makeStore) }
    thread.name = "prepare"
    thread.start()
  }

  /// Hands it a clip.
  ///
  /// - Precondition: the one before has its outcome.
  func begin(_ source: Dataset.Source, _ atMost: Int, _ deliver: @escaping ClipPreparation.Deliver)
  {
    condition.withLock {
      task = Task(source: source, atMost: atMost, deliver: deliver)
      condition.broadcast()
    }
  }

  /// Waits for the clip's outcome.
  ///
  /// - Parameter hangSeconds: seconds without a sign of life after which the thread is given up.
  ///   Only time in which this process runs counts.
  /// - Returns: nil where it was given up.
  func outcome(hangSeconds: Double) -> Result<ClipPreparation.Stored, any Error>? {
    condition.withLock {
      let step = min(1, hangSeconds / 4)
      var (silence, seen) = (0.0, signs.load(ordering: .relaxed))
      while true {
        if let outcome = task?.outcome {
          task = nil
          return outcome
        }
        let start = Deadline.now
        _ = condition.wait(until: Date(timeIntervalSinceNow: step))
        silence += Deadline.now - start
        let now = signs.load(ordering: .relaxed)
        if now != seen { (silence, seen) = (0, now) }
        let limit = isCancelled() ? min(Self.stopSeconds, hangSeconds) : hangSeconds
        guard silence < limit || task?.outcome != nil else {
          abandon()
          return nil
        }
      }
    }
  }

  /// Ends the thread once it has nothing to do.
  func end() {
    condition.withLock { abandon() }
  }

  private func abandon() {
    isOver.store(true, ordering: .relaxed)
    task = nil
    condition.broadcast()
  }

  private func run(_ makeStore: (@escaping @Sendable () -> Bool) -> StoreClip) {
    let store = makeStore { [self] in
      signs.add(1, ordering: .relaxed)
      return isOver.load(ordering: .relaxed) || isCancelled()
    }
    while let task = nextTask() {
      let outcome = Result {
        try store(task.source, task.atMost) { [self] number, bytes, picture, time in
          try deliver(number, bytes, picture, time)
        }
      }
      condition.withLock {
        self.task?.outcome = outcome
        condition.broadcast()
      }
    }
  }

  private func nextTask() -> (source: Dataset.Source, atMost: Int)? {
    condition.withLock {
      while !isOver.load(ordering: .relaxed) {
        if let task, !task.isBegun {
          self.task?.isBegun = true
          return (task.source, task.atMost)
        }
        condition.wait()
      }
      return nil
    }
  }

  private func deliver(
    _ number: Int, _ bytes: UnsafeRawBufferPointer, _ picture: StoredPicture, _ time: Int64
  ) throws {
    try condition.withLock {
      guard let task else { throw CancellationError() }
      signs.add(1, ordering: .relaxed)
      try task.deliver(number, bytes, picture, time)
    }
  }
}
