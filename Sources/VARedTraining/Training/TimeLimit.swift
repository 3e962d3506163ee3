// When a run has to end by itself: what the user or the scheduler allows, less what ending takes.

import Foundation
import VARedDist

/// Watches the time that a run may take, on one rank; says ``Signals/timeLimit`` early enough for
/// the step under way and a checkpoint.
final class TimeLimit {
  /// The end and what it comes from; nil: none.
  let end: (date: Date, source: String)?
  private let allowedSeconds: Double
  private var longestStep = 0.0
  private var longestCheckpoint: Double

  /// - Parameters:
  ///   - limit: what the user gave; nil: what the scheduler's environment says.
  ///   - start: when the process started.
  ///   - checkpointBytes: size of a checkpoint; until one was written, it is taken to be written
  ///     at 100 MB/s.
  ///   - environment: the process's.
  init(
    _ limit: RunTimeLimit?, start: Date, checkpointBytes: Int,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    end = limit.map { Self.given($0, start) } ?? Self.scheduled(start, environment)
    allowedSeconds = end.map { max(0, $0.date.timeIntervalSince(start)) } ?? 0
    longestCheckpoint = Double(checkpointBytes) / 100e6
  }

  private static func given(_ limit: RunTimeLimit, _ start: Date) -> (Date, String)? {
    limit.seconds.map { (start.addingTimeInterval($0), "--time-limit \(limit)") }
  }

  /// Slurm says when the job ends, PBS (Torque, and sites that set it) how long it may take, which
  /// is counted from the start of this process.
  private static func scheduled(
    _ start: Date, _ environment: [String: String]
  ) -> (Date, String)? {
    if let end = environment["SLURM_JOB_END_TIME"].flatMap(Double.init), end > 0 {
      return (Date(timeIntervalSince1970: end), "SLURM_JOB_END_TIME")
    }
    if let seconds = environment["PBS_WALLTIME"].flatMap(Double.init), seconds > 0 {
      return (start.addingTimeInterval(seconds), "PBS_WALLTIME")
    }
    return nil
  }

  /// How long before the end the run stops: two of the longest steps and checkpoints seen, and a
  /// twentieth of the time allowed, at most 30 s, for the rest.
  var marginSeconds: Double {
    2 * (longestStep + longestCheckpoint) + min(30, 0.05 * allowedSeconds)
  }

  /// Learns how long a step took, everything between two steps included.
  func saw(stepSeconds: Double) { longestStep = max(longestStep, stepSeconds) }

  /// Learns how long a checkpoint took.
  func saw(checkpointSeconds: Double) {
    longestCheckpoint = max(longestCheckpoint, checkpointSeconds)
  }

  /// Call it before ranks agree on whether to stop.
  func check(now: Date = Date()) {
    guard let end, now.addingTimeInterval(marginSeconds) >= end.date else { return }
    Signals.note(.timeLimit)
  }

  /// What a person reads before the first step; nil without a limit.
  func summary(now: Date = Date()) -> String? {
    end.map {
      let left = Progress.duration($0.date.timeIntervalSince(now))
      return "time limit: ends in \(left) (\($0.source)); stops before with a checkpoint"
    }
  }
}
