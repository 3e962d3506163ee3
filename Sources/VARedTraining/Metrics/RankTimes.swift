// The seconds of a step on every rank, and which rank the others wait for.

import VARedDist

/// One step's seconds of all ranks; on rank 0.
struct RankTimes: Equatable, Sendable {
  /// In the order of the ranks.
  let ranks: [StepSeconds]
  /// The host of each.
  let hosts: [String]

  /// - Parameters:
  ///   - told: `StepSeconds.values` of every rank, one after the other, `per` numbers a rank.
  ///   - hosts: the host of each rank.
  init(told: [Double], per count: Int, hosts: [String]) {
    ranks = stride(from: 0, to: told.count, by: count).map {
      StepSeconds(values: told[$0...].prefix(StepSeconds.fields.count))
    }
    self.hosts = hosts
  }

  /// The rank that waited least for others: it computed, and waited for clips, longest; the first
  /// of equals.
  var slowest: Int { ranks.indices.max { (ranks[$0].own, $1) < (ranks[$1].own, $0) } ?? 0 }

  /// `[least, mean, most]` over the ranks.
  func spread(_ path: KeyPath<StepSeconds, Double>) -> [Double] {
    let values = ranks.map { $0[keyPath: path] }
    return [
      values.min() ?? 0, values.reduce(0, +) / Double(max(1, values.count)), values.max() ?? 0,
    ]
  }

  /// The member `rank_seconds` of a step's line of metrics.jsonl.
  var line: JSONLine {
    var line = JSONLine()
    for field in StepSeconds.fields { line.add(field.name, spread(field.path)) }
    line.add("slowest_rank", slowest)
    line.add("slowest_host", hosts[slowest])
    return line
  }
}

/// How long the ranks have computed lately, for the progress that a person sees.
///
/// Of the last ten steps or so: which rank has the dearest clips changes from step to step, a slow
/// host stays.
struct RankPace {
  /// How far the slowest rank is above the mean before it is named.
  static let tolerance = 0.1
  private var own: [Double] = []
  private var hosts: [String] = []

  /// Takes in a step.
  mutating func add(_ times: RankTimes) {
    let now = times.ranks.map(\.own)
    own = own.count == now.count ? zip(own, now).map { 0.9 * $0 + 0.1 * $1 } : now
    hosts = times.hosts
  }

  /// `rank 3 on node7 is slowest (+23 %)`; nil: the ranks are as fast as one another.
  var words: String? {
    let mean = own.reduce(0, +) / Double(max(1, own.count))
    guard let slowest = own.indices.max(by: { (own[$0], $1) < (own[$1], $0) }),
      own[slowest] > (1 + Self.tolerance) * mean
    else { return nil }
    let percent = Int((100 * (own[slowest] / mean - 1)).rounded())
    return "rank \(slowest) on \(hosts[slowest]) is slowest (+\(percent) %)"
  }
}

extension Communicator {
  /// The host of each rank on rank 0; none on the others. Collective.
  ///
  /// - Throws: `MPIError`.
  func gatherHosts() throws -> [String] {
    (try gather(Array(hostName.utf8)) ?? []).map { String(decoding: $0, as: UTF8.self) }
  }
}
