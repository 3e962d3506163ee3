// Starting and ending the process, with or without a launcher such as mpirun.

import Foundation
import VARedDist
import VARedNN

/// The process's start and end.
public enum Launch {
  /// When the process started, as ``begin()`` saw it.
  static let start = Date()

  /// First thing in `main`, before anything that takes time: from here on a signal does not end the
  /// process, but is noted for a job that looks for it, or for ``endOnSignals()``.
  public static func begin() {
    holdStandardStreams()
    Signals.watch()
    // Where there is no room there is none for MPI either.
    OutOfMemory.endProcess { reason in
      Terminal.warn("error: \(reason)")
      _exit(ExitStatus.mendable)
    }
    OutOfMemory.requireRoom(threads: 1, isTaken: false)
    OutOfMemory.endProcess(by: endWithoutMemory)
    _ = start
  }

  /// One rank's misfortune ends the job.
  @Sendable private static func endWithoutMemory(_ reason: String) -> Never {
    if isRankOfMany { communicator().fail(reason, status: ExitStatus.mendable) }
    Terminal.warn("error: \(reason)")
    _exit(ExitStatus.mendable)
  }

  /// Takes the places of standard streams that are closed, so that no file that is opened gets one
  /// of them, and with it what is meant for a person.
  private static func holdStandardStreams() {
    for stream in STDIN_FILENO...STDERR_FILENO where fcntl(stream, F_GETFD) < 0 {
      // Open for reading: what is written there fails, as it does on a closed one.
      _ = open("/dev/null", O_RDONLY)
    }
  }

  /// What follows is done at once: a signal ends the process, also one that has come already.
  public static func endOnSignals() { Signals.release() }

  /// What follows is a job that stops in order when a signal comes, and writes a log.
  package static func beginJob() {
    begin()
    // A reader that goes away does not end a job.
    signal(SIGPIPE, SIG_IGN)
    Terminal.beginLog()
    if isFirst { _ = notice }
  }

  /// Of the first rank.
  private static let notice = SignalNotice()

  /// The ranks; a process that cannot have them says why and exits.
  package static func communicator() -> Communicator {
    do {
      return try Communicator.initialize()
    } catch {
      Terminal.warn("error: \(error)")
      exit(ExitStatus.failure)
    }
  }

  /// Whether a launcher started this process as one of several.
  private static var isRankOfMany: Bool {
    let environment = ProcessInfo.processInfo.environment
    let sizes = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"]
    return sizes.compactMap { environment[$0].flatMap(Int.init) }.contains { $0 > 1 }
  }

  /// Ends the program with one line, `error: …`, and `status`. Under a launcher all ranks come here
  /// with the same error, and one of them speaks; after the job, whoever comes here.
  public static func fail(_ reason: String, status: Int32) -> Never {
    if isRankOfMany, !Communicator.isFinalized {
      communicator().together(status: { _ in status }) {
        throw TrainingFailure(description: reason)
      }
    }
    let line = reason.split(whereSeparator: \.isNewline).joined(separator: " ")
    Terminal.warn("error: \(line)")
    exit(status)
  }

  /// Ends the program where an argument is not UTF-8: Swift would make another name of it, and with
  /// that another file.
  public static func requireText() {
    for place in 1..<max(1, Int(CommandLine.argc)) {
      guard let bytes = CommandLine.unsafeArgv[place],
        String(validatingCString: bytes) == nil
      else { continue }
      fail(
        "argument \(place), \(String(cString: bytes)), is not UTF-8; rename what it names, for "
          + "example with convmv, or give a link to it", status: ExitStatus.mendable)
    }
  }

  /// Refuses several ranks for what one process does.
  ///
  /// - Throws: `ConfigurationError`.
  package static func requireOneProcess(for subcommand: String) throws {
    guard isRankOfMany else { return }
    throw ConfigurationError("\(subcommand) is done by one process; start it without mpirun")
  }

  /// After a job: whether its log arrived.
  ///
  /// - Throws: `TrainingFailure` that says where it is, if it did not.
  public static func requireLogWritten() throws {
    if let lost = Terminal.lostLines { throw TrainingFailure(description: lost) }
  }

  /// Refuses a launcher, also one of a single rank, for what starts ranks itself.
  ///
  /// - Throws: `ConfigurationError`.
  package static func requireNoLauncher(for subcommand: String) throws {
    guard Communicator.isLaunched || isRankOfMany else { return }
    throw ConfigurationError(
      "\(subcommand) starts the ranks by itself; start it as one process without mpirun, and say how "
        + "many there are with --ranks")
  }

  /// Prints once, also where a launcher started several ranks, and ends the program successfully.
  public static func succeed(printing text: String) -> Never {
    do {
      if isFirst { try Terminal.show(text) }
    } catch {
      fail("\(error)", status: ExitStatus.mendable)
    }
    exit(0)
  }

  /// Writes a line to standard error once, also where a launcher started several ranks.
  public static func note(_ line: String) {
    if isFirst { Terminal.warn(line) }
  }

  /// Whether this process is rank 0 or has no launcher.
  private static var isFirst: Bool {
    let environment = ProcessInfo.processInfo.environment
    let names = ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID"]
    return (names.lazy.compactMap { environment[$0] }.first ?? "0") == "0"
  }
}
