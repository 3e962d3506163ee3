// Names of the leaves that the command line needs, so that it depends on this module only.

import VARedData
import VARedDist
import VARedNN

/// How gate outputs become weights (METHOD §2).
public typealias GateForm = VARedNN.GateForm
/// Which part of a dataset.
public typealias Split = VARedData.Split

extension TrainingEnd {
  /// Whether a person interrupted the run (Ctrl-C), as opposed to a scheduler.
  public var isInterruption: Bool {
    if case .stopped(let signals) = self { return signals.contains(.interrupt) }
    return false
  }
}
