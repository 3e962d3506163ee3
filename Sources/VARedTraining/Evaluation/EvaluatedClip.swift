// What an evaluation found for one clip.

/// One clip of a split, averaged over its views.
package struct EvaluatedClip: Equatable, Sendable {
  /// Its place in the split.
  package let index: Int
  /// The network's class with the highest score; nil: the clip is bad, or its scores are not
  /// numbers.
  package let prediction: Int?
  /// That class's softmax, with several labels a clip its sigmoid.
  package let probability: Double
  /// Executed multiply-accumulates per view.
  package let executedMACs: Double
  /// Executed ratio of the dynamic convolutions (METHOD §3).
  package let convRatio: Double
  /// `Σ_l w_l / R_a*`; 1 in a fixed network.
  package let temporalRatio: Double
  /// `Σ_l w_l n_b* / K`; 1 in a fixed network.
  package let channelRatio: Double
  /// Whether it could not be decoded; the numbers are then those of nothing.
  package let isBad: Bool
}

extension EvaluatedClip {
  /// Numbers of a clip on their way from a rank to rank 0.
  static let valueCount = 8

  /// The members in order.
  var values: [Double] {
    [
      Double(index), prediction.map { Double($0) } ?? -1, probability, executedMACs, convRatio,
      temporalRatio, channelRatio, isBad ? 1 : 0,
    ]
  }

  /// From `values`.
  init(values: ArraySlice<Double>) {
    let values = Array(values)
    self.init(
      index: Int(values[0]), prediction: values[1] < 0 ? nil : Int(values[1]),
      probability: values[2], executedMACs: values[3], convRatio: values[4],
      temporalRatio: values[5], channelRatio: values[6], isBad: values[7] > 0)
  }
}

extension ClipScores {
  /// This rank's clips.
  ///
  /// - Parameter indices: the place of each in the split.
  func clips(indices: [Int]) -> [EvaluatedClip] {
    zip(labels.indices, indices).map { clip, index in
      let ratios = ratios(clip: clip)
      let prediction = prediction(clip: clip)
      return EvaluatedClip(
        index: index, prediction: prediction?.index, probability: prediction?.score ?? .nan,
        executedMACs: ratios.macs, convRatio: ratios.conv, temporalRatio: ratios.temporal,
        channelRatio: ratios.channel, isBad: !isDecoded(clip))
    }
  }
}
