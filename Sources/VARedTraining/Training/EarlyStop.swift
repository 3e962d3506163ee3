// Signals that come before the first step: the run ends there, and says what there is.

import VARedDist

/// The end of a run that has not taken a step yet.
enum EarlyStop {
  /// The end of the run if a signal has arrived on any rank; nil: it goes on. Rank 0 says which
  /// signal, and what the same command will do. Collective.
  ///
  /// - Parameter start: where the run would have started; nil: before its folder was opened.
  /// - Throws: `MPIError`.
  static func look(
    _ communicator: Communicator, _ configuration: TrainingConfiguration,
    at start: StartingPoint? = nil
  ) throws -> TrainingEnd? {
    let signals = try communicator.signalsOnAnyRank()
    guard !signals.isEmpty else { return nil }
    if communicator.rank == 0 { Terminal.say(words(signals, configuration, start)) }
    return .stopped(signals)
  }

  static func words(
    _ signals: Signals, _ configuration: TrainingConfiguration, _ start: StartingPoint?
  ) -> String {
    let folder = configuration.output
    let step = start?.position.step
    let there =
      switch step {
      case nil: "\(folder) was not touched"
      case 0: "nothing to save yet in \(folder)"
      case let step?: "the checkpoint at step \(step) is as it was"
      }
    return "stopped by \(signals.names) before the first step; \(there); "
      + (step ?? 0 == 0
        ? "the same command starts again" : "the same command goes on from there")
  }
}
