// How alike neighbouring frames of features are (docs/REDUNDANCY.md).

import VARedTraining

/// What neighbouring frames of one layer have in common, collected clip by clip.
struct TemporalRedundancy {
  /// Pearson's r over the pixels of a channel in frames t and t+1; a clip's is the mean over
  /// channels and t, without those where a frame does not vary.
  private(set) var correlation = ClipMean()
  /// `‖x[t+1] − x[t]‖ / ‖x[t+1]‖` over channels and pixels; a clip's is the mean over t, without
  /// frames that are all zero.
  private(set) var relativeError = ClipMean()

  /// Takes one clip.
  /// - Parameter features: `[channels, frames, pixels]`.
  mutating func add(
    _ features: UnsafeBufferPointer<Float>, channels: Int, frames: Int, pixels: Int
  ) {
    precondition(features.count == channels * frames * pixels, "features of another shape")
    var correlations: [Double] = []
    var errors = [Double](repeating: 0, count: frames)
    var energies = errors
    for channel in 0..<channels {
      var before: Centred?
      for t in 0..<frames {
        let start = (channel * frames + t) * pixels
        let frame = UnsafeBufferPointer(rebasing: features[start..<start + pixels])
        let centred = Centred(frame)
        if let r = before?.correlation(with: centred) { correlations.append(r) }
        before = centred
        guard t > 0 else { continue }
        for i in start..<start + pixels {
          let (value, difference) = (
            Double(features[i]), Double(features[i] - features[i - pixels])
          )
          energies[t] += value * value
          errors[t] += difference * difference
        }
      }
    }
    correlation.add(correlations)
    relativeError.add(
      (0..<frames).filter { energies[$0] > 0 && energies[$0].isFinite }.map {
        (errors[$0] / energies[$0]).squareRoot()
      })
  }
}

/// A number that every clip has, over clips.
struct ClipMean {
  private var values: [Double] = []

  /// Takes a clip's: the mean of `numbers`; a clip without any is left out.
  mutating func add(_ numbers: [Double]) {
    if !numbers.isEmpty { values.append(numbers.reduce(0, +) / Double(numbers.count)) }
  }

  /// Mean over clips; nil without any.
  var mean: Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// Standard deviation over clips, with `n − 1`; nil below two.
  var deviation: Double? {
    guard values.count > 1, let mean else { return nil }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }
}
