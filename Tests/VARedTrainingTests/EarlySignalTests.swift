// Signals at any moment of a run's first second: none ends it without a word.

import Foundation
import TestSupport
import TrainingTestSupport
import Testing
import VARedData

@testable import VARedTraining

@Suite(.serialized) struct EarlySignalTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  /// Seeded moments. What the system does before the program's first instruction, mostly loading
  /// libraries, is not the program's: there the signal's number is all there is.
  @Test func atRandomMomentsOfTheFirstSecond() throws {
    var random = SplitMix64(seed: 19)
    for moment in 0..<20 {
      let output = "run\(moment)"
      let more = ["--epochs", "100000", "--evaluate-every", "0"]
      let running = try launch(arguments(output, more)).start()
      let signal = random.next() % 2 == 0 ? SIGUSR1 : SIGTERM
      usleep(UInt32(random.next() % 1_000_000))
      let hadStepped = running.stdoutSoFar.contains("step 1/")
      kill(running.processID, signal)
      let result = running.wait()
      #expect(!result.timedOut, "\(result)")
      if result.endedBySignal {
        #expect(result.log.isEmpty && result.errorLog.isEmpty && !hadStepped, "\(result)")
        continue
      }
      #expect(result.status == 75, "\(result)")
      #expect(result.stdout.contains("stopped by "), "\(result)")
      let saved = result.stdout.contains("with a checkpoint at step")
      #expect(saved || !hadStepped, "\(result)")
      if saved { #expect(try newest(output).header.position.step > 0) }
    }
  }

  /// A signal that is there before the program has begun to listen: blocked until it listens.
  @Test func beforeTheFirstInstruction() throws {
    for name in ["USR1", "TERM"] {
      let result = try withPending(name, arguments("pending"))
      #expect(result.status == 75, "\(result.text)")
      #expect(result.text.withoutTimes.contains("stopped by SIG\(name) before the first step"))
      #expect(!scratch.exists("pending"))
    }
  }

  /// Starts the program with a signal on its way to it.
  private func withPending(_ name: String, _ arguments: [String]) throws -> (
    status: Int32, text: String
  ) {
    let program = try #require(Bundle.main.executableURL).deletingLastPathComponent()
      .appendingPathComponent("vared-train").path
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      [
        "--block-signal=\(name)", "sh", "-c", "kill -\(name) $$; exec \"$0\" \"$@\"", program,
      ] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }
}
