// Sums of doubles over the clips of a step that are the same bits in whatever order they are taken.

/// A few sums of doubles, each clip's term rounded to a multiple of 2⁻⁵¹ and added as two whole
/// numbers: exactly, so that neither the order of the clips nor which rank adds which matters.
struct FixedPointSums {
  /// Terms must be smaller; 4096 of them fit.
  private static let limit = 0x1p49
  private static let fine = 0x1p51

  private let count: Int
  /// Whole parts, then the rest in units of 2⁻⁵¹, then how many terms did not fit.
  private var words: [Int64]

  init(count: Int) {
    self.count = count
    words = [Int64](repeating: 0, count: 2 * count + 1)
  }

  mutating func clear() {
    for i in words.indices { words[i] = 0 }
  }

  /// Adds `value` to sum `index`.
  mutating func add(_ value: Double, at index: Int) {
    guard abs(value) < Self.limit else {
      words[2 * count] += 1
      return
    }
    let whole = value.rounded(.toNearestOrEven)
    words[index] += Int64(whole)
    words[count + index] += Int64(((value - whole) * Self.fine).rounded(.toNearestOrEven))
  }

  /// Adds up the ranks' sums.
  mutating func reduce(over reducer: StatisticsReducer?) throws {
    try words.withUnsafeMutableBufferPointer { try reducer?.sum($0) }
  }

  /// Sum `index`; not a number where some term of any sum did not fit.
  subscript(index: Int) -> Double {
    guard words[2 * count] == 0 else { return .nan }
    return Double(words[index]) + Double(words[count + index]) / Self.fine
  }
}
