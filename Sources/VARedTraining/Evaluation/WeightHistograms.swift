// How the weights that gates gave their candidates are distributed over the clips of a split.

import VARedDist
import VARedNN

/// Of each candidate of each dynamic layer: how many views gave it a weight of exactly zero, and
/// how many one in each twentieth of 0 to 1 (METHOD §2).
struct WeightHistograms: Sendable {
  let layers: [DynamicLayerInfo]
  /// A candidate after the other: buckets, sum, sum of squares. Layer after layer, in each those
  /// along time before those along channels.
  private var numbers: [Double]
  /// Where each layer's candidates start.
  private let starts: [Int]

  /// A candidate's weights.
  struct Histogram: Sendable {
    /// `layer1.0.conv1.0.0/stride_2`, `layer1.0.conv1.0.0/channels_32`.
    let name: String
    /// Views by weight: as `limits`.
    let buckets: [Double]
    let sum: Double
    let sumOfSquares: Double
  }

  /// The highest weight in each bucket: 0, 0.05, … 1.
  static let limits = (0...20).map { Double($0) / 20 }
  private static let width = limits.count + 2

  init(_ layers: [DynamicLayerInfo]) {
    self.layers = layers
    starts = layers.reduce(into: [0]) {
      $0.append($0[$0.count - 1] + $1.temporalStrides.count + $1.channelCounts.count)
    }
    numbers = [Double](repeating: 0, count: starts[layers.count] * Self.width)
  }

  /// Counts one view: clip `clip` of an inference.
  mutating func add(_ inference: Inference, clip: Int) {
    for (l, layer) in layers.enumerated() {
      let (st, sc) = (layer.temporalStrides.count, layer.channelCounts.count)
      for a in 0..<st { add(inference.temporal[l][clip * st + a], to: starts[l] + a) }
      for b in 0..<sc { add(inference.channel[l][clip * sc + b], to: starts[l] + st + b) }
    }
  }

  private mutating func add(_ weight: Float, to candidate: Int) {
    guard weight.isFinite else { return }
    let (start, weight) = (candidate * Self.width, Double(weight))
    let bucket = Self.limits.firstIndex { weight <= $0 } ?? Self.limits.count - 1
    numbers[start + bucket] += 1
    numbers[start + Self.width - 2] += weight
    numbers[start + Self.width - 1] += weight * weight
  }

  /// Sums over the ranks. Collective.
  ///
  /// - Throws: `MPIError`.
  mutating func reduce(over communicator: Communicator) throws {
    try numbers.withUnsafeMutableBufferPointer { try communicator.allReduceSum($0) }
  }

  /// One for each candidate of each layer.
  var histograms: [Histogram] {
    layers.enumerated().flatMap { l, layer in
      let names =
        layer.temporalStrides.map { "stride_\($0)" } + layer.channelCounts.map { "channels_\($0)" }
      return names.enumerated().map { place, name in
        let start = (starts[l] + place) * Self.width
        return Histogram(
          name: "\(layer.name)/\(name)",
          buckets: Array(numbers[start..<start + Self.limits.count]),
          sum: numbers[start + Self.width - 2], sumOfSquares: numbers[start + Self.width - 1])
      }
    }
  }
}
