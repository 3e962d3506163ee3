// Where the policies of a forward pass come from.

import Foundation

/// What decides which candidates the dynamic convolutions take.
public enum PolicySource: Equatable, Sendable {
  /// The gates. In training they learn, and their batch norm takes the batch's statistics.
  case gates
  /// The gates as they are in inference, with running statistics; nothing is learned through them.
  case frozenGates
  /// One candidate along time and one along channels for all layers and clips: 0 is full
  /// computation, 1 half of it, and so on; the last one where a layer has fewer. No gate runs.
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
  /// `exp(−θ·r(a, b))`, `r` the executed share of its convolution. 0: all pairs alike.
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
  private let channelCount: Int
  private let name: String

  /// - Parameter name: of the layer; layers of different names draw independently.
  init(_ space: PolicySpace, geometry: ConvolutionGeometry, name: String) {
    self.name = name
    channelCount = space.channelCounts.count
    ratios = space.temporalStrides.flatMap { stride in
      space.channelCounts.map { channels in
        let part = ConvolutionPart(channels: channels, temporalStride: stride)
        return Double(geometry.macs(part: part)) / Double(geometry.macs)
      }
    }
  }

  /// `r(a, b)`.
  func ratio(temporal a: Int, channel b: Int) -> Double { ratios[a * channelCount + b] }

  /// The cheapest pair's `r`.
  var leastRatio: Double { ratios.min() ?? 1 }

  /// Draws a pair for the clip of this key.
  func draw(key: UInt64, tilt: Double) -> (temporal: Int, channel: Int) {
    var random = RandomStream(seed: key, name: name)
    var left = random.uniform() * ratios.reduce(0) { $0 + exp(-tilt * $1) }
    var index = 0
    while index < ratios.count - 1 {
      left -= exp(-tilt * ratios[index])
      if left < 0 { break }
      index += 1
    }
    return (index / channelCount, index % channelCount)
  }

  /// The mean of `r` over draws.
  func meanRatio(tilt: Double) -> Double {
    var (sum, weighted) = (0.0, 0.0)
    for ratio in ratios {
      sum += exp(-tilt * ratio)
      weighted += ratio * exp(-tilt * ratio)
    }
    return weighted / sum
  }
}
