// Which numbers a setting may be: Swift's ranges, and what they are called.

/// Numbers that a setting may be.
protocol NumberRange: Sendable {
  /// Whether `value` is one of them; NaN never is.
  func contains(_ value: Double) -> Bool
  /// "0 to 1", "above 0", "0 or more and below 1".
  var words: String { get }
}

/// All that are greater than 0.
let positiveNumbers = Double.leastNormalMagnitude...

/// No network is trained with more of a rate or a weight; products of some of them are floats.
let mostRate = 1e9

extension ClosedRange<Double>: NumberRange {
  var words: String {
    lowerBound == positiveNumbers.lowerBound
      ? "above 0 and at most \(upperBound.plain)" : "\(lowerBound.plain) to \(upperBound.plain)"
  }
}

extension Range<Double>: NumberRange {
  var words: String { "\(lowerBound.plain) or more and below \(upperBound.plain)" }
}

extension PartialRangeFrom<Double>: NumberRange {
  var words: String {
    lowerBound == positiveNumbers.lowerBound ? "above 0" : "\(lowerBound.plain) or more"
  }
}

extension Double {
  /// As people write it: 600, not 600.0.
  var plain: String {
    let text = String(self)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
