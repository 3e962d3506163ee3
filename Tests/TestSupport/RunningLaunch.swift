// RunningLaunch: a launch under way, and LaunchResult, what came of it.

import Dispatch
import Foundation

/// What came of a launch.
public struct LaunchResult: Sendable, CustomStringConvertible {
  /// Exit status of the process, or of `mpirun`; for a process ended by a signal, its number.
  public let status: Int32
  /// Whether a signal ended it.
  public let endedBySignal: Bool
  /// Whether it was ended because its time was up.
  public let timedOut: Bool
  /// Everything written to stdout, without the times in front of a log's lines.
  public var stdout: String { log.withoutTimes }
  /// Everything written to stderr, without the times in front of a log's lines.
  public var stderr: String { errorLog.withoutTimes }
  /// Everything written to stdout.
  public let log: String
  /// Everything written to stderr.
  public let errorLog: String

  /// All of it, for a failed expectation.
  public var description: String {
    "status \(status)\(endedBySignal ? " (signal)" : "")\(timedOut ? ", timed out" : "")\n"
      + "stdout: \(stdout)\nstderr: \(stderr)"
  }
}

/// A launch that has started. Output goes to files, so a full pipe or a leftover process that keeps
/// a pipe open cannot make the test hang.
public final class RunningLaunch {
  private static let oneAtATime = DispatchSemaphore(value: 1)
  private let process: Process
  private let deadline: Date
  private let folder: URL

  init(_ process: Process, timeoutSeconds: Double) throws {
    self.process = process
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("launch-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    process.standardOutput = try Self.file(folder.appendingPathComponent("stdout"))
    process.standardError = try Self.file(folder.appendingPathComponent("stderr"))
    Self.oneAtATime.wait()
    deadline = Date(timeIntervalSinceNow: timeoutSeconds)
    do {
      try Self.withAllSignals { try process.run() }
    } catch {
      Self.oneAtATime.signal()
      throw error
    }
  }

  /// Threads of a pool block most signals, and a child process inherits that: it could not be
  /// ended.
  private static func withAllSignals(_ body: () throws -> Void) rethrows {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try body()
  }

  /// Process id of `mpirun`, or of the process itself where it runs without.
  public var processID: Int32 { process.processIdentifier }

  /// What was written to stdout so far.
  public var stdoutSoFar: String { text("stdout") }

  /// Waits until stdout contains `text`.
  ///
  /// - Parameter text: what to wait for.
  /// - Returns: false if the process ended or its time was up before.
  public func waitForOutput(_ text: String) -> Bool {
    while true {
      let isRunning = process.isRunning && deadline.timeIntervalSinceNow > 0
      if stdoutSoFar.contains(text) { return true }
      if !isRunning { return false }
      usleep(10_000)
    }
  }

  /// Waits for the end, ending it when its time is up. Call it exactly once.
  ///
  /// - Returns: its output and exit status.
  public func wait() -> LaunchResult {
    let timedOut = !waitUntil(deadline)
    if timedOut {
      kill(processID, SIGTERM)
      if !waitUntil(Date(timeIntervalSinceNow: 5)) { kill(processID, SIGKILL) }
    }
    process.waitUntilExit()
    Self.oneAtATime.signal()
    defer { try? FileManager.default.removeItem(at: folder) }
    return LaunchResult(
      status: process.terminationStatus,
      endedBySignal: process.terminationReason == .uncaughtSignal, timedOut: timedOut,
      log: text("stdout"), errorLog: text("stderr"))
  }

  /// Polls until the process has ended; false if it has not by `limit`.
  private func waitUntil(_ limit: Date) -> Bool {
    while process.isRunning {
      if limit.timeIntervalSinceNow <= 0 { return false }
      usleep(10_000)
    }
    return true
  }

  private func text(_ name: String) -> String {
    let data = try? Data(contentsOf: folder.appendingPathComponent(name))
    return String(decoding: data ?? Data(), as: UTF8.self)
  }

  private static func file(_ url: URL) throws -> FileHandle {
    guard FileManager.default.createFile(atPath: url.path, contents: nil) else {
      throw LaunchError(description: "cannot create \(url.path); is the disk full?")
    }
    return try FileHandle(forWritingTo: url)
  }
}
