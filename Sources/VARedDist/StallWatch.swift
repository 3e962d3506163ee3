// StallWatch: a hang says so. A thread that ends the job when a rank stops reporting progress.

import Foundation
import Synchronization

/// Watches that this rank makes progress; if it makes none for `seconds`, says which rank stalled
/// in which phase and ends the whole job.
///
/// Call ``progress(_:waiting:)`` at every phase of a step. A rank that hangs makes all others wait
/// in their next collective; so that the right one is named, a phase spent waiting for other ranks
/// may last twice as long as one of the rank's own work. Time in which the process did not run at
/// all (a suspended job) does not count.
public final class StallWatch: Sendable {
  private struct Progress {
    var phase = "start"
    var waiting = false
    var reports = 0
    var stopped = false
  }
  /// Shared with the thread, which must not keep the watch itself alive.
  private final class State: Sendable {
    let progress = Mutex(Progress())
  }
  private let state = State()

  /// Starts watching.
  ///
  /// - Parameters:
  ///   - communicator: the job to end.
  ///   - seconds: how long a phase of own work may last; 0 or less: do not watch.
  ///   - status: the job's exit status when it stalls.
  public init(_ communicator: Communicator, seconds: Double, status: Int32 = 1) {
    guard seconds > 0 else { return }
    let thread = Thread { [state] in
      Self.watch(state, communicator, seconds: seconds, status: status)
    }
    thread.name = "stall-watch"
    thread.start()
  }

  deinit { stop() }

  /// Says that this rank is making progress and what it does next.
  ///
  /// - Parameters:
  ///   - phase: what begins now, for the message: "decode", "backward", "all-reduce".
  ///   - waiting: whether the phase waits for other ranks.
  public func progress(_ phase: String, waiting: Bool = false) {
    state.progress.withLock {
      $0.phase = phase
      $0.waiting = waiting
      $0.reports += 1
    }
  }

  /// Ends the watch; the rank may then take as long as it likes.
  public func stop() {
    state.progress.withLock { $0.stopped = true }
  }

  private static func watch(
    _ state: State, _ communicator: Communicator, seconds: Double, status: Int32
  ) {
    let interval = min(0.5, seconds / 10)
    let clock = ContinuousClock()
    var quietSeconds = 0.0
    var seen = -1
    var last = clock.now
    while true {
      Thread.sleep(forTimeInterval: interval)
      let now = clock.now
      quietSeconds += min((now - last) / .seconds(1), 2 * interval)
      last = now
      let progress = state.progress.withLock { $0 }
      if progress.stopped { return }
      if progress.reports != seen {
        seen = progress.reports
        quietSeconds = 0
      }
      if quietSeconds > seconds * (progress.waiting ? 2 : 1) {
        communicator.report(message(progress, quietSeconds))
        // Ranks that stall together get the time to say so, too.
        Thread.sleep(forTimeInterval: 2 * interval)
        communicator.abort(status)
      }
    }
  }

  private static func message(_ progress: Progress, _ quietSeconds: Double) -> String {
    let time = String(format: "%.1f s", quietSeconds)
    return progress.waiting
      ? "stalled: waited \(time) for other ranks in phase '\(progress.phase)'; ending the job"
      : "stalled: no progress for \(time) in phase '\(progress.phase)'; ending the job"
  }
}
