// What an error means for the process's exit status.

import VARedDist

/// Exit statuses of vared-train.
public enum ExitStatus {
  /// Usage, configuration, data, checkpoint or output: something a person can mend.
  public static let mendable: Int32 = 2
  /// The job itself failed: a collective, a stall, a diverged loss.
  public static let failure: Int32 = 1

  /// The status for an error that ends the program.
  public static func of(_ error: any Error) -> Int32 {
    error is MPIError || error is TrainingFailure ? failure : mendable
  }
}

/// A run that cannot go on although its input is right.
public struct TrainingFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// What happened and what to do.
  public let description: String

  /// A failure in these words.
  package init(description: String) { self.description = description }
}
