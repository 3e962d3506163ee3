// What an error means for the process's exit status.

import VARedDist

/// Exit statuses of vared-train.
public enum ExitStatus {
  /// Usage, configuration, data, checkpoint or output: something a person can mend.
  public static let mendable: Int32 = 2
  /// The job itself failed: a collective, a stall, a diverged loss.
  public static let failure: Int32 = 1
  /// Stopped in order by SIGTERM, SIGUSR1, the time limit or the step limit, before the end: the
  /// same command goes on. BSD's `EX_TEMPFAIL`; job scripts put the job back in the queue for it.
  public static let stopped: Int32 = 75
  /// Stopped in order by SIGINT (Ctrl-C): the same command goes on.
  public static let interrupted: Int32 = 130

  /// The status for an error that ends the program.
  public static func of(_ error: any Error) -> Int32 {
    error is MPIError || error is TrainingFailure ? failure : mendable
  }

  /// The status of a job that these stopped in order; 0 where none did.
  package static func of(_ signals: Signals) -> Int32 {
    signals.isEmpty ? 0 : signals.contains(.interrupt) ? interrupted : stopped
  }
}

/// A run that cannot go on although its input is right.
public struct TrainingFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// What happened and what to do.
  public let description: String

  /// A failure in these words.
  package init(description: String) { self.description = description }
}
