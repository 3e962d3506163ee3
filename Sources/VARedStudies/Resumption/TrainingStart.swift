// One start of a training in processes of its own, as a user starts it.

import Foundation
import VARedDist
import VARedTraining

/// A training that another process, or the ranks under a launcher, carry out.
struct TrainingStart {
  /// Words of the command that starts ranks; `-n RANKS`, the program and its arguments follow.
  let launcher: [String]
  let ranks: Int
  /// The settings of the run.
  let configuration: TrainingConfiguration
  /// A YAML file that is written for the program to read the settings from.
  let settingsFile: String
  /// What the program prints is added to this file.
  let logFile: String

  /// How a start that did not end in order ended.
  struct Failure {
    /// The exit status; of a process that a signal ended, 128 and the signal's number.
    let status: Int32
    /// The last line of the log that says why; empty where nothing does.
    let reason: String
  }

  /// Starts the training and waits for its end: all epochs done, or stopped in order at a limit.
  /// When this process gets a signal, the training is ended.
  ///
  /// - Returns: nil; or how it failed.
  /// - Throws: `Interrupted` after a signal; `FileError` where the files cannot be written,
  ///   `ConfigurationError` where there is no such launcher.
  func run() throws -> Failure? {
    try AtomicFile.write(settingsFile, text: configuration.yaml)
    let log = open(logFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard log >= 0 else {
      throw FileError(path: logFile, "cannot be written: \(String(cString: strerror(errno)))")
    }
    let output = FileHandle(fileDescriptor: log, closeOnDealloc: true)
    let process = Process()
    process.executableURL = try executable()
    process.arguments = Array(words.dropFirst())
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    do {
      try process.run()
    } catch {
      throw FileError(path: words[0], "cannot be started: \(error.localizedDescription)")
    }
    try wait(for: process)
    let bySignal = process.terminationReason == .uncaughtSignal
    let status = process.terminationStatus + (bySignal ? 128 : 0)
    return [0, ExitStatus.stopped].contains(status)
      ? nil : Failure(status: status, reason: lastReason())
  }

  /// A signal came, and the training was ended for it.
  struct Interrupted: Error {}

  /// One rank needs no launcher.
  private var words: [String] {
    let program = CommandLine.arguments[0]
    let train = [Bundle.main.executablePath ?? program, "train", "--config", settingsFile]
    return ranks == 1 ? train : launcher + ["-n", String(ranks)] + train
  }

  private func executable() throws -> URL {
    let name = words[0]
    let folders =
      name.contains("/")
      ? [""]
      : (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        .map { "\($0)/" }
    let paths = folders.map { $0 + name }
    guard let path = paths.first(where: FileManager.default.isExecutableFile) else {
      throw ConfigurationError(
        key: "launcher", "expected a program that starts ranks, found no '\(name)'")
    }
    return URL(fileURLWithPath: path)
  }

  /// More ranks than cores need Open MPI's leave, and give the core away where they wait; what the
  /// user has set stays.
  private var environment: [String: String] {
    let own = ProcessInfo.processInfo.environment
    guard ranks > CoreMask.current().cores.count else { return own }
    let shared = [
      "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_mpi_yield_when_idle": "1",
      "OMPI_MCA_hwloc_base_binding_policy": "none",
    ]
    return shared.merging(own) { _, own in own }
  }

  private func wait(for process: Process) throws {
    var patience = 0
    while process.isRunning {
      usleep(20_000)
      guard !Signals.received.isEmpty else { continue }
      if patience == 0 { process.terminate() }
      patience += 1
      if patience == 500 { kill(process.processIdentifier, SIGKILL) }
    }
    process.waitUntilExit()
    guard Signals.received.isEmpty else { throw Interrupted() }
  }

  /// The last line that says `error:` or which rank failed; where none does, as the launcher
  /// failed, the first that has words.
  private func lastReason() -> String {
    let bytes = FileManager.default.contents(atPath: logFile) ?? Data()
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    let reason =
      lines.last { $0.contains("error: ") || $0.contains("rank ") }
      ?? lines.first { $0.contains(where: \.isLetter) } ?? ""
    return String(reason)
  }
}
