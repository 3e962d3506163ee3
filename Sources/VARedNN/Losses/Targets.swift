// What the clips of a step are to be classified as, and the loss that goes with it.

/// The targets of a batch.
public enum Targets: Sendable, Equatable {
  /// One class a clip: softmax cross-entropy.
  case classes([Int])
  /// A distribution over the classes for each clip, `[n, classes]`, rows of sum 1: softmax
  /// cross-entropy `−Σ_k y_k log p_k`. What is neither smoothed nor mixed is a row of one 1.
  case distributions([Float], classes: Int)
  /// Any number of labels a clip, `[n, classes]` of 0 and 1: binary cross-entropy, the mean over
  /// the classes.
  case labels([Float], classes: Int)

  /// Clips, n.
  public var count: Int {
    switch self {
    case .classes(let labels): labels.count
    case .distributions(let values, let classes), .labels(let values, let classes):
      values.count / classes
    }
  }

  /// Whether the values are of so many classes.
  func fit(classes: Int) -> Bool {
    switch self {
    case .classes(let labels): labels.allSatisfy { (0..<classes).contains($0) }
    case .distributions(let values, let own), .labels(let values, let own):
      own == classes && values.count % classes == 0
    }
  }
}
