// Average precision: how well the scores of a class put the clips that have it before the others.

/// `Σ_n (R_n − R_{n−1})·P_n` over the distinct scores from the highest down, `P_n` and `R_n`
/// precision and recall of the clips with at least that score: scikit-learn's
/// `average_precision_score`. The order of the clips does not matter. A score that is not a number
/// is lower than any.
///
/// - Parameters:
///   - scores: of each clip.
///   - positives: whether each clip has the class.
/// - Returns: nil where no clip has it.
func averagePrecision(scores: [Double], positives: [Bool]) -> Double? {
  let total = positives.count { $0 }
  guard total > 0 else { return nil }
  let ranked = zip(scores, positives)
    .map { (score: $0.isNaN ? -Double.infinity : $0, isPositive: $1) }
    .sorted { $0.score > $1.score }
  var (sum, found, foundBefore) = (0.0, 0, 0)
  for (place, clip) in ranked.enumerated() {
    found += clip.isPositive ? 1 : 0
    // Clips of the same score are one step.
    guard place + 1 == ranked.count || ranked[place + 1].score < clip.score else { continue }
    sum += Double(found - foundBefore) * Double(found) / Double(place + 1)
    foundBefore = found
  }
  return sum / Double(total)
}
