// How often gates chose what: whole numbers, so that sums over clips and ranks are exact.

import VARedDist
import VARedNN

/// For each row (a clip, or a class) and each dynamic layer: the views in which the candidates `a*`
/// and `b*` (METHOD §1) were computed together.
struct PolicyCounts {
  let layers: [DynamicLayerInfo]
  /// `[rows, Σ_l St·Sc]`, a layer's pairs in the order `a·Sc + b`. A clip has 1000 × 3 views at
  /// most, a split fewer than 2^53.
  private(set) var views: [Double]
  /// Where each layer's pairs start in a row; last, where the row ends.
  private let starts: [Int]

  init(_ layers: [DynamicLayerInfo], rows: Int) {
    self.layers = layers
    starts = layers.reduce(into: [0]) {
      $0.append($0[$0.count - 1] + $1.temporalStrides.count * $1.channelCounts.count)
    }
    views = [Double](repeating: 0, count: rows * starts[layers.count])
  }

  private var width: Int { starts[layers.count] }

  /// Counts one view: clip `clip` of an inference.
  mutating func add(_ inference: Inference, clip: Int, toRow row: Int) {
    for (l, layer) in layers.enumerated() {
      let (a, b) = inference.chosen(layer: l, clip: clip)
      views[row * width + starts[l] + a * layer.channelCounts.count + b] += 1
    }
  }

  /// Every row added to each of the rows that `targets` names for it.
  func summed(into targets: [[Int]], rows: Int) -> PolicyCounts {
    var sums = PolicyCounts(layers, rows: rows)
    for (row, targets) in targets.enumerated() {
      for target in targets {
        for pair in 0..<width { sums.views[target * width + pair] += views[row * width + pair] }
      }
    }
    return sums
  }

  /// Sums over the ranks. Collective.
  ///
  /// - Throws: `MPIError`.
  mutating func reduce(over communicator: Communicator) throws {
    try views.withUnsafeMutableBufferPointer { try communicator.allReduceSum($0) }
  }

  /// Views of a row in which layer `l` computed each pair of candidates, `[St·Sc]`.
  func pairs(row: Int, layer l: Int) -> [Double] {
    Array(views[row * width + starts[l]..<row * width + starts[l + 1]])
  }
}
