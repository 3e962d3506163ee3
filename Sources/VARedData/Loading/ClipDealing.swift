// Which of a step's clips go to which rank, so that all ranks compute about as long.

/// Deals the clips of a step to ranks that take as many each.
public enum ClipDealing {
  /// The clips of each rank, in the order they have in `clips`.
  ///
  /// Dearest first, each goes to the rank whose clips cost least together, of those that have room;
  /// the first of equals. A clip of unknown cost counts as the mean of the others. Where no cost is
  /// known, or all are the same, ranks take the clips in order. A pure function: ranks that know
  /// the same costs deal alike.
  ///
  /// - Parameters:
  ///   - clips: indices of a step's clips in the split.
  ///   - ranks: how many take part.
  ///   - costs: of each clip of the split, in any unit; 0: not known. Empty: none is.
  /// - Precondition: every rank gets as many clips; the costs are not negative.
  public static func deal(_ clips: [Int], over ranks: Int, costs: [Int64]) -> [[Int]] {
    precondition(clips.count % ranks == 0, "\(clips.count) clips for \(ranks) ranks")
    let share = clips.count / ranks
    let parts = (0..<ranks).map { $0 * share..<($0 + 1) * share }
    let known = clips.compactMap { costs.isEmpty || costs[$0] == 0 ? nil : costs[$0] }
    guard let least = known.min(), let most = known.max(), least < most else {
      return parts.map { Array(clips[$0]) }
    }
    let mean = known.reduce(0) { $0 + Double($1) } / Double(known.count)
    let predicted = clips.map { costs[$0] == 0 ? mean : Double(costs[$0]) }
    let order = clips.indices.sorted { (predicted[$1], $0) < (predicted[$0], $1) }
    var sums = [Double](repeating: 0, count: ranks)
    var places = [[Int]](repeating: [], count: ranks)
    for place in order {
      var chosen = -1
      for rank in 0..<ranks where places[rank].count < share {
        if chosen < 0 || sums[rank] < sums[chosen] { chosen = rank }
      }
      sums[chosen] += predicted[place]
      places[chosen].append(place)
    }
    return places.map { $0.sorted().map { clips[$0] } }
  }
}
