// "Did you mean …?"

/// The name in `known` that differs from `name` in the fewest characters, if few enough differ for
/// it to be what was meant (Levenshtein distance, at most a third of the name and at least 1).
package func nearestName(to name: String, in known: [String]) -> String? {
  let distances = known.map { ($0, editDistance(Array(name), Array($0))) }
  guard let best = distances.min(by: { $0.1 < $1.1 }), best.1 <= max(1, name.count / 3) else {
    return nil
  }
  return best.0
}

/// Insertions, deletions and replacements that turn `a` into `b`. O(|a|·|b|).
func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var row = Array(0...b.count)
  for i in a.indices {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let replaced = diagonal + (a[i] == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[b.count]
}
