// What it takes that the clips of a batch take different candidates (METHOD §3, "In seconds").

/// Clips of a batch that take different pairs of candidates of a layer are convolved apart. How
/// often they do is told from how many clips took which pair, of however many passes and ranks: so
/// it does not depend on how clips were shared out.
public struct Scatter: Sendable {
  /// Clips that took each pair of candidates, layer after layer; whole numbers.
  public internal(set) var counts: [Double]
  /// Clips of a pass.
  private let batch: Int
  private let layers: [Layer]

  private struct Layer {
    /// Where its pairs are in `counts`, at index `a·Sc + b`.
    let pairs: Range<Int>
    /// `d_l`, as a part of the fixed network's seconds.
    let share: Double
  }

  /// - Parameters:
  ///   - batch: clips of the passes that were measured.
  ///   - layers: of each its number of pairs, and `d_l` as a part of the fixed network's seconds.
  init(batch: Int, layers: [(pairs: Int, share: Double)]) {
    self.batch = batch
    var first = 0
    self.layers = layers.map { layer in
      defer { first += layer.pairs }
      return Layer(pairs: first..<first + layer.pairs, share: layer.share)
    }
    counts = [Double](repeating: 0, count: first)
  }

  /// Of a network's layers.
  init(
    _ seconds: CandidateSeconds, _ layers: [DynamicConvolution], _ infos: [DynamicLayerInfo]
  ) {
    let own = Dictionary(uniqueKeysWithValues: seconds.layers.map { ($0.name, $0.scatter) })
    self.init(
      batch: seconds.batch,
      layers: zip(layers, infos).map { layer, info in
        (layer.gate.space.pairs, (own[info.name] ?? 0) / seconds.fixed)
      })
  }

  /// Counts the clips of a pass in place of those before.
  mutating func take(_ policies: [DynamicConvolution], clips: Int) {
    clear()
    for (layer, convolution) in zip(layers, policies) {
      let policy = convolution.gate.policy
      for clip in 0..<clips {
        let (a, b) = policy.chosen(clip)
        counts[layer.pairs.lowerBound + a * policy.space.channelCounts.count + b] += 1
      }
    }
  }

  /// Without clips.
  public var cleared: Scatter {
    var scatter = self
    scatter.clear()
    return scatter
  }

  private mutating func clear() {
    for place in counts.indices { counts[place] = 0 }
  }

  /// Adds the clips of other passes of the same network.
  public mutating func add(_ other: Scatter) {
    for place in counts.indices { counts[place] += other.counts[place] }
  }

  /// `Σ_l d_l·(1 − P_l)` as a part of the fixed network's seconds: what a time ratio has beyond the
  /// mean of its clips'.
  ///
  /// - Parameter counts: sums of what `counts` was, or more after them.
  public func ratio(of counts: some Collection<Double>) -> Double {
    let counts = counts.prefix(self.counts.count).map(\.self)
    return layers.reduce(0) { $0 + $1.share * (1 - agreement(counts[$1.pairs])) }
  }

  /// `P`: the probability that as many clips as a pass has, drawn from these, take one pair.
  private func agreement(_ counts: ArraySlice<Double>) -> Double {
    let clips = counts.reduce(0, +)
    guard clips > 0 else { return 1 }
    let drawn = min(batch, Int(clips))
    return counts.reduce(0) { sum, count in
      guard Int(count) >= drawn else { return sum }
      return sum + (0..<drawn).reduce(1) { $0 * (count - Double($1)) / (clips - Double($1)) }
    }
  }
}
