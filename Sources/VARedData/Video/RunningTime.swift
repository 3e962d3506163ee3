// RunningTime: a clock that stands still while the process does.

import Foundation
import Synchronization

/// Seconds in which this process ran. A job that a scheduler suspends, or somebody stops with
/// Ctrl-Z, goes on later as if nothing had been: no file has become slow by it.
///
/// A thread looks at the system's clock four times a second, and what lies between two looks counts
/// as half a second at most.
final class RunningTime: Sendable {
  /// Of this process.
  static let process: RunningTime = {
    let time = RunningTime { ProcessInfo.processInfo.systemUptime }
    let thread = Thread {
      while true {
        time.look()
        usleep(useconds_t(1_000_000 * interval))
      }
    }
    thread.name = "time"
    thread.start()
    return time
  }()

  private static let interval = 0.25
  /// Longest time between two looks that counts.
  static let longest = 2 * interval

  private struct State {
    var counted = 0.0
    var last: Double
  }

  private let clock: @Sendable () -> Double
  private let state: Mutex<State>

  /// - Parameter clock: seconds that only go forward, also while the process is stopped.
  init(_ clock: @escaping @Sendable () -> Double) {
    self.clock = clock
    state = Mutex(State(last: clock()))
  }

  /// Counts the time since the last look.
  func look() {
    let now = clock()
    state.withLock { state in
      state.counted += min(max(0, now - state.last), RunningTime.longest)
      state.last = max(now, state.last)
    }
  }

  /// Seconds since it began.
  var seconds: Double {
    look()
    return state.withLock { $0.counted }
  }
}
