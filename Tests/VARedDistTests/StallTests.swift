// A hang says so: StallWatch names the rank and the phase and ends the job.

import Foundation
import TestSupport
import Testing

@Suite(.serialized)
struct StallTests {
  @Test(
    "a rank that hangs is named, those waiting for it are not", arguments: [(2, 1), (3, 0), (8, 6)])
  func ownWork(ranks: Int, rank: Int) throws {
    let result = try rankCheck("stall own \(rank)", ranks: ranks)
    #expect(result.status == 9 && !result.timedOut, "\(result)")
    let lines = result.stderr.split(separator: "\n").filter { $0.contains("stalled") }
    let start = "rank \(rank) of \(ranks): stalled: no progress for 4."
    #expect(lines.count == 1 && lines[0].hasPrefix(start), "\(result)")
    #expect(lines.allSatisfy { $0.contains("in phase 'decode'") }, "\(result)")
  }

  @Test("ranks waiting for one another", arguments: [2, 3])
  func deadlock(ranks: Int) throws {
    let result = try rankCheck("stall deadlock 1", ranks: ranks)
    #expect(result.status == 9 && !result.timedOut, "\(result)")
    #expect(result.stderr.contains("for other ranks in phase"), "\(result)")
  }

  @Test("a rank that was stopped is missed by the others")
  func frozen() throws {
    let result = try rankCheck("stall frozen 1", ranks: 3)
    #expect(result.status == 9 && !result.timedOut, "\(result)")
    #expect(result.stderr.contains("for other ranks in phase 'all-reduce'"), "\(result)")
    #expect(!result.stderr.contains("rank 1 of 3"), "\(result)")
  }

  @Test("a single process that hangs")
  func singleton() throws {
    let result = try rankCheck("stall own 0", ranks: nil)
    #expect(result.status == 9 && !result.timedOut, "\(result)")
    #expect(result.stderr.hasPrefix("error: stalled: no progress for 4."), "\(result)")
  }

  @Test("no false alarm", arguments: [1, 3])
  func noAlarm(ranks: Int) throws {
    expectPass(try rankCheck("no-stall", ranks: ranks), "no-stall", ranks: ranks)
  }

  @Test("a suspended job has not stalled")
  func suspended() throws {
    let running = try RankLaunch("RankChecks", ["suspended"], ranks: nil).start()
    if running.waitForOutput("ready") {
      kill(running.processID, SIGSTOP)
      usleep(6_000_000)
      kill(running.processID, SIGCONT)
    }
    expectPass(running.wait(), "suspended", ranks: 1)
  }
}
