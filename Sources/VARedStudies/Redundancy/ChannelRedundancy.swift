// How well half of a layer's channels says what the other half holds (docs/REDUNDANCY.md).

import VARedTraining

/// The moments of one layer's channels over clips, frames and pixels, collected clip by clip.
///
/// The first `⌈K/2⌉` channels are the computed ones, the others are made from them: one partner and
/// one line for all clips, as the weights of a cheap operation are the same for all clips.
struct ChannelRedundancy {
  private let channels: Int
  private let computed: Int
  private var samples = 0.0
  private var means: [Double]
  /// Sum of squares of each channel around its mean, and around zero.
  private var energies: [Double]
  private var squares: [Double]
  /// `Σ (x_i − mean_i)(x_j − mean_j)`, `[K − computed, computed]`: i of the second half, j of the
  /// first.
  private var products: [Double]

  /// - Parameter channels: K.
  init(channels: Int) {
    self.channels = channels
    computed = (channels + 1) / 2
    means = [Double](repeating: 0, count: channels)
    (energies, squares) = (means, means)
    products = [Double](repeating: 0, count: (channels - computed) * computed)
  }

  /// Takes one clip; moments of clips are joined by Chan's update, exact around any mean.
  /// - Parameter features: `[channels, count]`; the clip's means are taken away in place.
  mutating func add(_ features: UnsafeMutableBufferPointer<Float>, count: Int) {
    precondition(features.count == channels * count, "features of another shape")
    let weight = samples * Double(count) / (samples + Double(count))
    var shifts = [Double](repeating: 0, count: channels)
    for channel in 0..<channels {
      let row = UnsafeMutableBufferPointer(
        rebasing: features[channel * count..<(channel + 1) * count])
      squares[channel] += row.reduce(0) { $0 + Double($1) * Double($1) }
      let mean = row.reduce(0) { $0 + Double($1) } / Double(count)
      for i in row.indices { row[i] = Float(Double(row[i]) - mean) }
      shifts[channel] = mean - means[channel]
      energies[channel] +=
        row.reduce(0) { $0 + Double($1) * Double($1) } + weight * shifts[channel] * shifts[channel]
    }
    for i in computed..<channels {
      for j in 0..<computed {
        products[(i - computed) * computed + j] +=
          Self.product(features, i * count, j * count, count) + weight * shifts[i] * shifts[j]
      }
    }
    samples += Double(count)
    for channel in 0..<channels { means[channel] += shifts[channel] * Double(count) / samples }
  }

  /// `Σ x[a + k]·x[b + k]`, in float over short stretches.
  private static func product(
    _ x: UnsafeMutableBufferPointer<Float>, _ a: Int, _ b: Int, _ count: Int
  ) -> Double {
    typealias Vector = SIMD16<Float>
    guard let base = x.baseAddress else { return 0 }
    let (left, right) = (UnsafeRawPointer(base + a), UnsafeRawPointer(base + b))
    let (lanes, stretch) = (Vector.scalarCount, 1024)
    var (sum, done) = (0.0, 0)
    while count - done >= lanes {
      var partial = Vector.zero
      for k in stride(from: done, to: min(done + stretch, count) / lanes * lanes, by: lanes) {
        let offset = k * MemoryLayout<Float>.stride
        partial +=
          left.loadUnaligned(fromByteOffset: offset, as: Vector.self)
          * right.loadUnaligned(fromByteOffset: offset, as: Vector.self)
      }
      sum += Double(partial.sum())
      done = min(done + stretch, count) / lanes * lanes
    }
    for k in done..<count { sum += Double(base[a + k]) * Double(base[b + k]) }
    return sum
  }

  // MARK: What it says

  /// Of a layer's second half, seen from its first.
  struct Result: Equatable {
    /// Mean over channels of |r| with the best partner.
    var correlation: Double?
    /// Mean over channels of `√(1 − r²)`: what the best line `a·x_j + b` leaves, relative to the
    /// channel's deviation.
    var error: Double?
    /// Share of the pairs with |r| above the threshold.
    var pairs: Double?
  }

  /// - Parameter threshold: |r| from which on a pair counts as alike, not included.
  /// - Returns: without numbers where one of the halves has no channel that varies.
  func result(threshold: Double) -> Result {
    let varies = (0..<channels).map { !Centred.isRounding(energies[$0], of: squares[$0]) }
    let partners = (0..<computed).filter { varies[$0] }
    let missing = (computed..<channels).filter { varies[$0] }
    guard !partners.isEmpty, !missing.isEmpty else { return Result() }
    var (sum, error, alike) = (0.0, 0.0, 0)
    for i in missing {
      let correlations = partners.map { j in
        min(
          1,
          abs(products[(i - computed) * computed + j]) / (energies[i] * energies[j]).squareRoot())
      }
      let best = correlations.max() ?? 0
      sum += best
      error += (1 - best * best).squareRoot()
      alike += correlations.count { $0 > threshold }
    }
    let count = Double(missing.count)
    return Result(
      correlation: sum / count, error: error / count,
      pairs: Double(alike) / (count * Double(partners.count)))
  }
}
