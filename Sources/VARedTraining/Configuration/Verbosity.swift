// How much the program says.

/// How much a command says beside what it was asked for.
public enum Verbosity: String, CaseIterable, Comparable, Sendable {
  /// Warnings, errors, and how it ended.
  case quiet
  /// Progress now and then.
  case normal
  /// Of a training every step, with its seconds.
  case verbose

  /// The more is said, the greater.
  public static func < (a: Verbosity, b: Verbosity) -> Bool { a.rank < b.rank }

  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
