// The parts of a dataset.

/// Which part of a dataset a clip belongs to.
public enum Split: String, Sendable, CaseIterable {
  case train
  case val
}
