// What the gates of a network chose on a split: by layer and by class.

import VARedNN

/// The distribution of the computed candidates `a*` and `b*` (METHOD §1) over the views of a split.
public struct PolicyStatistics: Sendable {
  /// What the views of some clips took in one dynamic layer.
  struct Choice: Sendable {
    /// Views by `a*`, `[St]`.
    let temporal: [Int]
    /// Views by `b*`, `[Sc]`.
    let channel: [Int]
    /// Sums over the views: of the executed ratio `r_l`, of `1/R_a*`, of `n_b*/K`.
    fileprivate let conv: Double
    fileprivate let time: Double
    fileprivate let channels: Double
  }

  /// Some clips: those of one class, or all.
  struct Group: Sendable {
    let name: String
    /// Views that were counted.
    let views: Int
    /// In each dynamic layer.
    let choices: [Choice]
    /// Mean over the views of `Σ_l w_l r_l`.
    let convRatio: Double
    /// Mean over the views of `Σ_l w_l / R_a*`.
    let temporalRatio: Double
    /// Mean over the views of `Σ_l w_l n_b* / K`.
    let channelRatio: Double
  }

  /// The dynamic layers in the order of the forward pass.
  let layers: [DynamicLayerInfo]
  /// All classes together.
  let all: Group
  /// The classes that have views, in the order of the dataset.
  let classes: [Group]

  /// - Parameters:
  ///   - counts: a row for each class and one for all clips, over all ranks.
  ///   - names: of the classes.
  /// - Returns: nil where there is no dynamic layer.
  init?(_ counts: PolicyCounts, classes names: [String]) {
    guard !counts.layers.isEmpty else { return nil }
    layers = counts.layers
    all = Group("all classes", counts, row: names.count)
    classes = names.indices.map { Group(names[$0], counts, row: $0) }
      .filter { $0.views > 0 }
  }
}

extension PolicyStatistics.Choice {
  /// - Parameter pairs: views by `a*·Sc + b*`, `[St·Sc]`.
  fileprivate init(_ pairs: [Double], _ layer: DynamicLayerInfo) {
    let (strides, counts) = (layer.temporalStrides, layer.channelCounts)
    var temporal = [Int](repeating: 0, count: strides.count)
    var channel = [Int](repeating: 0, count: counts.count)
    var (conv, time, channels) = (0.0, 0.0, 0.0)
    for (pair, views) in pairs.enumerated() {
      let (a, b) = (pair / counts.count, pair % counts.count)
      temporal[a] += Int(views)
      channel[b] += Int(views)
      conv += views * layer.executedRatio(temporal: a, channel: b)
      time += views / Double(strides[a])
      channels += views * Double(counts[b]) / Double(counts[0])
    }
    (self.temporal, self.channel) = (temporal, channel)
    (self.conv, self.time, self.channels) = (conv, time, channels)
  }
}

extension PolicyStatistics.Group {
  /// - Precondition: there is a dynamic layer.
  init(_ name: String, _ counts: PolicyCounts, row: Int) {
    self.name = name
    let choices = counts.layers.enumerated().map {
      PolicyStatistics.Choice(counts.pairs(row: row, layer: $0), $1)
    }
    self.choices = choices
    let views = choices[0].temporal.reduce(0, +)
    self.views = views
    func mean(_ sum: (PolicyStatistics.Choice) -> Double) -> Double {
      zip(counts.layers, choices).reduce(0) { $0 + $1.0.share * sum($1.1) } / Double(max(1, views))
    }
    convRatio = mean(\.conv)
    temporalRatio = mean(\.time)
    channelRatio = mean(\.channels)
  }

  /// Mean over the views of the executed ratio `r_l` in dynamic layer `l`.
  func convRatio(layer l: Int) -> Double { choices[l].conv / Double(max(1, views)) }
}
