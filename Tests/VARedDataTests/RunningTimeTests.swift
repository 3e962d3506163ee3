// A process that was stopped, as a suspended job is, has not waited for its files meanwhile.

import Foundation
import Synchronization
import Testing

@testable import VARedData

@Suite struct RunningTimeTests {
  /// A clock that a test sets.
  private final class Clock: Sendable {
    let seconds = Mutex(1000.0)
    var time: RunningTime { RunningTime { self.seconds.withLock { $0 } } }
  }

  @Test func timeBetweenLooksCounts() {
    let clock = Clock()
    let time = clock.time
    #expect(time.seconds == 0)
    for _ in 0..<240 {
      clock.seconds.withLock { $0 += 0.25 }
      time.look()
    }
    #expect(time.seconds == 60)
  }

  @Test func aStopDoesNotCount() {
    let clock = Clock()
    let time = clock.time
    clock.seconds.withLock { $0 += 0.25 }
    time.look()
    clock.seconds.withLock { $0 += 86400 }
    #expect(time.seconds == 0.25 + RunningTime.longest)
    clock.seconds.withLock { $0 -= 10 }
    #expect(time.seconds == 0.25 + RunningTime.longest, "never goes back")
  }

  /// The thread that looks keeps up with the system's clock.
  @Test func theProcessesOwnGoesOn() {
    let start = RunningTime.process.seconds
    Thread.sleep(forTimeInterval: 2)
    #expect(RunningTime.process.seconds - start > 0.6)
  }
}
