// Where the policies of a forward pass come from.

import Foundation

/// What decides which candidates the dynamic convolutions take.
public enum PolicySource: Equatable, Sendable {
  /// The gates. In training they learn, and their batch norm takes the batch's statistics.
  case gates
  /// The gates as they are in inference, with running statistics; nothing is learned through them.
  case frozenGates
  /// One candidate along time and one along channels for all layers and clips: 0 is full
  /// computation, 1 half of it, and so on; the nearest that computes more where a layer is not
  /// offered that. No gate runs.
  case fixed(temporal: Int, channel: Int)
  /// Random candidates, drawn for each clip and layer. No gate runs.
  case drawn(CandidateDraws)

  /// Every clip computed in full.
  public static let full = PolicySource.fixed(temporal: 0, channel: 0)
}

/// How random candidates are drawn: a pure function of a clip's key and a layer's name, so that the
/// same clip takes the same candidates however clips are shared out over ranks and batches.
public struct CandidateDraws: Equatable, Sendable {
  /// A key for each clip of the pass; a clip without one is computed in full.
  public var keys: [UInt64?]
  /// θ: a layer takes the pair of candidates (a, b) with a probability proportional to
  /// `exp(−θ·r(a, b))`, `r` the executed share of its convolution, or, where costs are in seconds,
  /// its share of the layer's seconds. 0: all pairs alike.
  public var tilt: Double

  /// Draws for the clips that have a key.
  public init(keys: [UInt64?], tilt: Double = 0) {
    self.keys = keys
    self.tilt = tilt
  }
}

/// The pairs of candidates of one layer that a draw chooses among.
struct CandidatePairs: Sendable {
  /// `r(a, b)` at index `a·Sc + b`.
  private let ratios: [Double]
  /// Each pair's seconds as shares of the layer's full computation; nil: costs are MACs.
  private let seconds: [Double]?
  private let channelCount: Int
  private let name: String

  /// - Parameters:
  ///   - name: of the layer; layers of different names draw independently.
  ///   - seconds: each pair's, as shares of the layer's full computation; nil: costs are MACs.
  init(
    _ space: PolicySpace, geometry: ConvolutionGeometry, name: String, seconds: [Double]? = nil
  ) {
    self.name = name
    channelCount = space.channelCounts.count
    ratios = space.temporalStrides.flatMap { stride in
      space.channelCounts.map { channels in
        let part = ConvolutionPart(channels: channels, temporalStride: stride)
        return Double(geometry.macs(part: part)) / Double(geometry.macs)
      }
    }
    self.seconds = seconds
  }

  /// `r(a, b)`.
  func ratio(temporal a: Int, channel b: Int) -> Double { ratios[a * channelCount + b] }

  /// The pair's seconds as a share of the layer's full computation; nil: costs are MACs.
  func secondsRatio(temporal a: Int, channel b: Int) -> Double? {
    seconds?[a * channelCount + b]
  }

  /// What pairs cost, in the unit of the loss.
  private var costs: [Double] { seconds ?? ratios }

  /// The cheapest pair's cost.
  var leastCost: Double { costs.min() ?? 1 }

  /// Draws a pair for the clip of this key.
  func draw(key: UInt64, tilt: Double) -> (temporal: Int, channel: Int) {
    var random = RandomStream(seed: key, name: name)
    let (costs, likeliest) = (costs, likeliestCost(tilt: tilt))
    var left = random.uniform() * costs.reduce(0) { $0 + exp(-tilt * ($1 - likeliest)) }
    var index = 0
    while index < costs.count - 1 {
      left -= exp(-tilt * (costs[index] - likeliest))
      if left < 0 { break }
      index += 1
    }
    return (index / channelCount, index % channelCount)
  }

  /// The mean cost of draws.
  func meanCost(tilt: Double) -> Double {
    let likeliest = likeliestCost(tilt: tilt)
    var (sum, weighted) = (0.0, 0.0)
    for cost in costs {
      sum += exp(-tilt * (cost - likeliest))
      weighted += cost * exp(-tilt * (cost - likeliest))
    }
    return weighted / sum
  }

  /// What exponents are taken from, so that none overflows; shares of MACs, up to 1, need none.
  private func likeliestCost(tilt: Double) -> Double {
    guard let seconds else { return 0 }
    return (tilt < 0 ? seconds.max() : seconds.min()) ?? 0
  }
}
