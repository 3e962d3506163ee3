// What an evaluation found for the clips of each class.

/// The clips of one class (with several labels, those that have it).
public struct ClassResult: Sendable, Equatable {
  /// The class.
  public var name: String
  /// Clips that were decoded.
  public var clips: Int
  /// Of them, classified correctly; nil with several labels a clip.
  public var correct: Int?
  /// Average precision over all clips of the split; nil with one label a clip.
  public var averagePrecision: Double?
  /// Mean executed ratio of the dynamic convolutions, per view.
  public var convRatio: Double
  /// Mean executed 10⁹ multiply-accumulates, per view.
  public var executedGMACs: Double

  /// The member of a report.
  var json: JSONLine {
    var line = JSONLine()
    line.add("name", name)
    line.add("clips", clips)
    if let correct { line.add("accuracy", Double(correct) / Double(clips)) }
    if let averagePrecision { line.add("average_precision", averagePrecision) }
    line.add("conv_ratio", convRatio)
    line.add("executed_gmacs", executedGMACs)
    return line
  }
}

/// Sums over the clips of each class, whole numbers but for the conv ratio.
struct ClassSums {
  /// `[classes, 4]`: clips, correct ones, conv ratio, executed MACs.
  var values: [Double]

  init(classes: Int) { values = [Double](repeating: 0, count: 4 * classes) }

  mutating func add(toClass k: Int, isCorrect: Bool, convRatio: Double, executedMACs: Double) {
    values[4 * k] += 1
    values[4 * k + 1] += isCorrect ? 1 : 0
    values[4 * k + 2] += convRatio
    values[4 * k + 3] += executedMACs
  }

  /// The classes that have clips.
  ///
  /// - Parameters:
  ///   - names: of the classes.
  ///   - precisions: of each class; nil with one label a clip.
  func results(names: [String], precisions: [Double]?) -> [ClassResult] {
    names.indices.filter { values[4 * $0] > 0 }.map { k in
      let sums = values[4 * k..<4 * k + 4].map { $0 / values[4 * k] }
      return ClassResult(
        name: names[k], clips: Int(values[4 * k]),
        correct: precisions == nil ? Int(values[4 * k + 1]) : nil,
        averagePrecision: precisions?[k], convRatio: sums[2], executedGMACs: sums[3] / 1e9)
    }
  }
}
