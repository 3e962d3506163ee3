// The threads of a rank that prepares: each makes one shard after the other.

import Foundation
import Synchronization
import VARedData

/// A rank's shards under way.
final class PreparationWork: Sendable {
  private struct State {
    var open: [Int]
    var threads = 0
    var failure: (any Error)?
  }

  /// Clips that are stored, and that are bad, of this run.
  let stored = Atomic<Int>(0)
  let bad = Atomic<Int>(0)
  private let plan: PreparationPlan
  private let folder: String
  private let state: Mutex<State>
  private let isStopped = Atomic<Bool>(false)

  /// Starts the threads.
  ///
  /// - Parameters:
  ///   - plan: of the set.
  ///   - folder: where shards go.
  ///   - shards: those of this rank.
  ///   - threads: at most so many side by side.
  init(_ plan: PreparationPlan, folder: String, shards: [Int], threads: Int) {
    self.plan = plan
    self.folder = folder
    let count = min(threads, shards.count)
    state = Mutex(State(open: shards.reversed(), threads: count))
    for number in 0..<count {
      let thread = Thread { [self] in run() }
      thread.name = "shards-\(number)"
      thread.start()
    }
  }

  /// Whether threads are still at work.
  var isRunning: Bool { state.withLock { $0.threads > 0 } }

  /// What ended the work early.
  var failure: (any Error)? { state.withLock { $0.failure } }

  /// Waits until the work has ended, at most `seconds`.
  func wait(seconds: Double) {
    let end = ContinuousClock.now + .seconds(seconds)
    while isRunning, ContinuousClock.now < end { usleep(10_000) }
  }

  /// Gives up what is under way; on return nothing of it is left.
  func stop() {
    isStopped.store(true, ordering: .relaxed)
    while isRunning { usleep(10_000) }
  }

  private func run() {
    while !isStopped.load(ordering: .relaxed), let shard = state.withLock({ $0.open.popLast() }) {
      do {
        _ = try plan.makeShard(
          shard, in: folder, isCancelled: { [self] in isStopped.load(ordering: .relaxed) }
        ) { outcome in
          switch outcome {
          case .stored: stored.add(1, ordering: .relaxed)
          case .bad: bad.add(1, ordering: .relaxed)
          }
        }
      } catch {
        state.withLock { $0.failure = $0.failure ?? error }
        isStopped.store(true, ordering: .relaxed)
      }
    }
    state.withLock { $0.threads -= 1 }
  }
}
