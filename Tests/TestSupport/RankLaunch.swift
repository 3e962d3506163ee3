// RankLaunch: starts one of the package's executables under mpirun, or alone, with a time-out.

import Foundation

/// A failure to launch: what was missing and what to do.
public struct LaunchError: Error, CustomStringConvertible {
  /// One line.
  public let description: String
}

/// What to start: an executable of this package as `ranks` processes, and how long it may take.
///
/// The test process may itself run inside an MPI job: `OMPI_*`, `PMIX_*` and `PMI_*` are taken out
/// of the environment. More ranks than cores and running as root are allowed; ranks that wait give
/// the core away, because otherwise two on one core, or one beside another busy process, spend
/// nearly all of their time polling. One launch at a time runs in a test process; others wait.
public struct RankLaunch: Sendable {
  /// What has not ended by then hangs: many times what any launch takes on a loaded machine.
  public static let hangSeconds = 1200.0

  /// Name of the executable product, next to the test bundle.
  public var executable: String
  /// Its arguments.
  public var arguments: [String]
  /// How many ranks `mpirun` starts; nil: no mpirun, one process.
  public var ranks: Int?
  /// After this many seconds the launch is ended and its result says `timedOut`.
  public var timeoutSeconds: Double
  /// Added to the environment.
  public var environment: [String: String]

  /// Describes a launch; nothing starts yet.
  ///
  /// - Parameters:
  ///   - executable: name of the executable product.
  ///   - arguments: its arguments.
  ///   - ranks: ranks under `mpirun`; nil: without it.
  ///   - timeoutSeconds: limit for the whole launch.
  ///   - environment: added to the environment.
  public init(
    _ executable: String, _ arguments: [String], ranks: Int?,
    timeoutSeconds: Double = RankLaunch.hangSeconds, environment: [String: String] = [:]
  ) {
    self.executable = executable
    self.arguments = arguments
    self.ranks = ranks
    self.timeoutSeconds = timeoutSeconds
    self.environment = environment
  }

  /// Starts it and waits for its end.
  ///
  /// - Returns: its output and exit status.
  /// - Throws: ``LaunchError`` if the executable or `mpirun` is missing.
  public func run() throws -> LaunchResult {
    try start().wait()
  }

  /// Starts it; the caller must ``RunningLaunch/wait()``.
  ///
  /// - Returns: the launch under way.
  /// - Throws: ``LaunchError`` if the executable or `mpirun` is missing.
  public func start() throws -> RunningLaunch {
    let program = try Self.productURL(executable)
    let process = Process()
    process.environment = launchEnvironment
    process.standardInput = FileHandle.nullDevice
    if let ranks {
      process.executableURL = try Self.mpirunURL()
      process.arguments =
        ["--oversubscribe", "--bind-to", "none", "--allow-run-as-root", "-n", "\(ranks)"]
        + [program.path] + arguments
    } else {
      process.executableURL = program
      process.arguments = arguments
    }
    return try RunningLaunch(process, timeoutSeconds: timeoutSeconds)
  }

  private var launchEnvironment: [String: String] {
    let inherited = ProcessInfo.processInfo.environment.filter { name, _ in
      !["OMPI_", "PMIX_", "PMI_"].contains { name.hasPrefix($0) }
    }
    return
      inherited
      .merging(["OMPI_MCA_mpi_yield_when_idle": "1"]) { _, ours in ours }
      .merging(environment) { _, added in added }
  }

  /// An executable product of this package.
  ///
  /// - Throws: ``LaunchError`` if there is none.
  public static func productURL(_ name: String) throws -> URL {
    guard let bundle = Bundle.main.executableURL else {
      throw LaunchError(description: "cannot find the folder of the test bundle")
    }
    let url = bundle.deletingLastPathComponent().appendingPathComponent(name)
    guard FileManager.default.isExecutableFile(atPath: url.path) else {
      throw LaunchError(
        description: "expected the executable \(name) next to \(bundle.lastPathComponent), found "
          + "none; make the test target depend on it")
    }
    return url
  }

  private static func mpirunURL() throws -> URL {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
    for folder in path.split(separator: ":") {
      let candidate = "\(folder)/mpirun"
      if FileManager.default.isExecutableFile(atPath: candidate) {
        return URL(fileURLWithPath: candidate)
      }
    }
    throw LaunchError(description: "expected mpirun on PATH, found none; install openmpi-bin")
  }
}
