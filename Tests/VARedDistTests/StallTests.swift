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
    #expect(result.stderr.contains("waits for other ranks in phase"), "\(result)")
    #expect(result.stderr.contains("they wait for different things"), "\(result)")
    let lines = result.stderr.split(separator: "\n").filter { $0.contains("stalled") }
    #expect(lines.count == 1, "\(result)")
  }

  @Test("a job that waits ends after the time it was given, not twice that")
  func inTime() throws {
    let start = ContinuousClock.now
    let result = try rankCheck("stall waiting 1", ranks: 2)
    let words = try #require(result.stderr.firstMatch(of: /nobody made progress for ([0-9.]+) s/))
    let seconds = try #require(Double(words.1))
    #expect(seconds > 6 && seconds < 11, "\(result), \(start.duration(to: .now))")
  }

  @Test("a process that is gone is named also where no launcher sees it")
  func gone() throws {
    let running = try RankLaunch("RankChecks", ["stall", "gone", "1"], ranks: 3).start()
    if running.waitForOutput("leaving") {
      kill(running.processID, SIGSTOP)
      usleep(12_000_000)
      kill(running.processID, SIGCONT)
    }
    let result = running.wait()
    #expect(result.status != 0 && !result.timedOut, "\(result)")
    #expect(result.stderr.contains(/rank 1 on \S+ is gone: its process \d+ ended/), "\(result)")
  }

  @Test("what a phase adds is in the message")
  func detail() throws {
    let result = try rankCheck("stall detail 0", ranks: 2)
    #expect(result.status == 9 && !result.timedOut, "\(result)")
    #expect(result.stderr.contains("in phase 'decoding clips/a.mp4'"), "\(result)")
  }

  @Test("a phase that waited for others in between goes on under its own name")
  func resumed() throws {
    let result = try rankCheck("stall resumed 1", ranks: 2)
    #expect(result.status == 9 && !result.timedOut, "\(result)")
    #expect(result.stderr.contains("in phase 'forward from layer1 on'"), "\(result)")
    #expect(!result.stderr.contains("'sum'"), "\(result)")
  }

  @Test("a rank that was stopped is missed by the others")
  func frozen() throws {
    let result = try rankCheck("stall frozen 1", ranks: 3)
    #expect(result.status == 9 && !result.timedOut, "\(result)")
    let silent = /rank 1 on \S+ is silent: its process \d+ does not run/
    #expect(result.stderr.contains(silent), "\(result)")
    #expect(result.stderr.contains("last seen in phase 'barrier'"), "\(result)")
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
