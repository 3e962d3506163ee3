// Signals as flags: on one rank, agreed by all, through mpirun, and the second Ctrl-C.

import Foundation
import TestSupport
import Testing

@Suite(.serialized)
struct SignalTests {
  @Test("a signal on one rank is known to all", arguments: rankCounts)
  func agreed(ranks: Int) throws {
    expectPass(try rankCheck("signals raise", ranks: ranks), "signals raise", ranks: ranks)
  }

  @Test("mpirun forwards SIGUSR1", arguments: [1, 3])
  func throughMpirun(ranks: Int) throws {
    let result = try signalled("signals wait", ranks: ranks, [SIGUSR1])
    #expect(result.stdout.contains("received 4\n"), "\(result)")
    expectPass(result, "signals wait", ranks: ranks)
  }

  @Test("each signal to a single process", arguments: [(SIGTERM, 1), (SIGINT, 2), (SIGUSR1, 4)])
  func singleton(_ number: Int32, bit: Int) throws {
    let result = try signalled("signals wait", ranks: nil, [number])
    #expect(result.stdout.contains("received \(bit)\n"), "\(result)")
    expectPass(result, "signals wait", ranks: 1)
  }

  @Test("a second Ctrl-C ends the process")
  func secondInterrupt() throws {
    let result = try signalled("signals wait twice", ranks: nil, [SIGINT, SIGINT])
    #expect(result.endedBySignal && result.status == SIGINT && !result.timedOut, "\(result)")
  }

  /// Sends the first signal once the check says it is ready, the second once it got the first.
  private func signalled(
    _ arguments: String, ranks: Int?, _ signals: [Int32]
  ) throws -> LaunchResult {
    let words = arguments.split(separator: " ").map(String.init)
    let running = try RankLaunch("RankChecks", words, ranks: ranks).start()
    for (signal, word) in zip(signals, ["ready\n", "received"]) where running.waitForOutput(word) {
      kill(running.processID, signal)
    }
    return running.wait()
  }
}
