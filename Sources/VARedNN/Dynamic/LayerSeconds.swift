// What a layer's candidates take in seconds on a machine, and which of them are therefore offered
// (METHOD §3, "In seconds").

/// The measured seconds of one dynamic convolution's candidates, of inference and a clip: all of
/// its unit, from the convolution to the activation.
public struct LayerSeconds: Equatable, Sendable, Codable {
  /// The convolution's name.
  public let name: String
  /// `R_a` of the candidates that were measured.
  public let temporalStrides: [Int]
  /// `n_b` of the candidates that were measured.
  public let channelCounts: [Int]
  /// With one candidate an axis open, at index `a·Sc + b`.
  public let seconds: [Double]
  /// Of its gate, and of the motion energy that it reads.
  public let gate: Double
  /// Of every open candidate beyond one an axis.
  public let term: Double
  /// By how much it takes longer where the clips of a batch take different pairs.
  public let scatter: Double

  /// A layer's seconds.
  ///
  /// - Parameters:
  ///   - name: of the convolution.
  ///   - temporalStrides: `R_a` of its candidates.
  ///   - channelCounts: `n_b` of its candidates.
  ///   - seconds: of every pair, above 0, at index `a·Sc + b`.
  ///   - gate: of its gate, and of the motion energy that it reads.
  ///   - term: of every open candidate beyond one an axis.
  ///   - scatter: by how much it takes longer where the clips of a batch take different pairs.
  public init(
    name: String, temporalStrides: [Int], channelCounts: [Int], seconds: [Double], gate: Double,
    term: Double, scatter: Double = 0
  ) {
    (self.name, self.seconds) = (name, seconds)
    (self.temporalStrides, self.channelCounts) = (temporalStrides, channelCounts)
    (self.gate, self.term, self.scatter) = (gate, term, scatter)
  }

  /// Tables were written without `scatter` before it was measured.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      name: try values.decode(String.self, forKey: .name),
      temporalStrides: try values.decode([Int].self, forKey: .temporalStrides),
      channelCounts: try values.decode([Int].self, forKey: .channelCounts),
      seconds: try values.decode([Double].self, forKey: .seconds),
      gate: try values.decode(Double.self, forKey: .gate),
      term: try values.decode(Double.self, forKey: .term),
      scatter: try values.decodeIfPresent(Double.self, forKey: .scatter) ?? 0)
  }

  /// Everything computed.
  package var full: Double { seconds[0] }

  /// What a candidate has to save beside the one before it to be offered, as a part of `full`.
  static let leastSaving = 0.03

  /// The indices of candidates that save seconds, from the dearest on: first along time, in the
  /// mean over all channel candidates; then along channels, over the temporal ones that are left.
  package var offered: (temporal: [Int], channel: [Int]) {
    let (st, sc) = (temporalStrides.count, channelCounts.count)
    func mean(_ pairs: [(a: Int, b: Int)]) -> Double {
      pairs.reduce(0) { $0 + seconds[$1.a * sc + $1.b] } / Double(pairs.count)
    }
    let temporal = Self.saving(st, of: full) { a in mean((0..<sc).map { (a, $0) }) }
    let channel = Self.saving(sc, of: full) { b in mean(temporal.map { ($0, b) }) }
    return (temporal, channel)
  }

  private static func saving(_ count: Int, of full: Double, _ cost: (Int) -> Double) -> [Int] {
    var kept = [0]
    for candidate in 1..<max(1, count)
    where cost(candidate) <= cost(kept[kept.count - 1]) - leastSaving * full {
      kept.append(candidate)
    }
    return kept
  }

  /// Whether the cheapest pair that is offered saves more than a gate takes.
  package var isWorthAGate: Bool {
    let least = shares.joined().min() ?? 1
    return (1 - least) * full - gate >= Self.leastSaving * full
  }

  /// The candidates that are offered.
  var space: PolicySpace {
    let offered = offered
    return PolicySpace(
      temporalStrides: offered.temporal.map { temporalStrides[$0] },
      channelCounts: offered.channel.map { channelCounts[$0] })
  }

  /// Their pairs' seconds as shares of `full`, a row for each temporal candidate.
  var shares: [[Double]] {
    let offered = offered
    return offered.temporal.map { a in
      offered.channel.map { seconds[a * channelCounts.count + $0] / full }
    }
  }

  /// The largest share of its full seconds that anything of a layer may take; also the largest
  /// share of the fixed network's that all together may take.
  static let mostShare = 1000.0

  /// The most seconds that a clip can take.
  static let most = 1e6

  /// Whether there is a number that can be computed with for every pair.
  var isSound: Bool {
    let (st, sc) = (temporalStrides.count, channelCounts.count)
    guard st > 0, sc > 0, seconds.count == st * sc, full > 0, full <= Self.most else {
      return false
    }
    return seconds.allSatisfy { $0 > 0 && $0 <= Self.mostShare * full }
      && [gate, term, scatter].allSatisfy { (0...Self.mostShare * full).contains($0) }
  }
}
