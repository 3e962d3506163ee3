// The clips that cost most and least in each category.

import VARedTraining

/// The clips of one class that a report shows.
struct CostlyClips {
  let category: String
  let count: Int
  /// Mean conv ratio of all its clips.
  let convRatio: Double
  /// Those that cost most, the costliest first.
  let most: [ClipTable.Row]
  /// Those that cost least, the cheapest first; none of `most`.
  let least: [ClipTable.Row]

  /// Pictures of all runs of a report together, at most.
  static let mostPictures = 240
  /// Clips at each end of a category, at most.
  static let mostPerEnd = 4

  /// The categories of a run whose clips cost differently, by name.
  ///
  /// - Parameters:
  ///   - run: whose clips they are.
  ///   - pictures: clips shown at most; where there are more categories, those whose clips differ
  ///     most are taken.
  /// - Returns: nothing of a fixed network, whose clips all cost the same.
  static func categories(of run: ReportedRun, pictures: Int) -> [CostlyClips] {
    guard run.isDynamic else { return [] }
    var groups: [String: [ClipTable.Row]] = [:]
    for clip in run.clips where clip.badReason == nil {
      for label in run.labels(of: clip) { groups[label, default: []].append(clip) }
    }
    let perEnd = max(1, min(mostPerEnd, pictures / (2 * max(1, groups.count))))
    let all = groups.map { CostlyClips($0, $1, perEnd: perEnd) }
    let shown = all.sorted { ($0.spread, $1.category) > ($1.spread, $0.category) }
      .prefix(max(1, pictures / (2 * perEnd)))
    let order = Dictionary(
      run.evaluation.classes.enumerated().map { ($1.name, $0) }, uniquingKeysWith: min)
    return shown.sorted {
      (order[$0.category] ?? .max, $0.category) < (order[$1.category] ?? .max, $1.category)
    }
  }

  private init(_ category: String, _ clips: [ClipTable.Row], perEnd: Int) {
    let sorted = clips.sorted {
      ($0.convRatio ?? 0, $0.executedMACs ?? 0, $1.index) > (
        $1.convRatio ?? 0, $1.executedMACs ?? 0, $0.index
      )
    }
    self.category = category
    count = clips.count
    convRatio = clips.reduce(0) { $0 + ($1.convRatio ?? 0) } / Double(max(1, clips.count))
    most = Array(sorted.prefix(min(perEnd, (sorted.count + 1) / 2)))
    least = Array(sorted.reversed().prefix(min(perEnd, sorted.count / 2)))
  }

  /// From the cheapest to the costliest.
  private var spread: Double {
    (most.first?.convRatio ?? 0) - ((least.first ?? most.last)?.convRatio ?? 0)
  }
}
