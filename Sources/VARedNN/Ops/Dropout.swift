// Dropout: some values of a training step are left out.

/// Of every clip each value is 0 with a probability, else divided by the probability that it is not
/// (PyTorch's `Dropout`): a pure function of the clip's key and the layer's name, so that the same
/// clip loses the same values however clips are shared out over ranks and batches.
public struct Dropout: Equatable, Sendable {
  /// With which a value is left out, 0 up to below 1.
  public let probability: Double
  /// A key for each clip of the step.
  public let keys: [UInt64]

  /// Draws for the clips of these keys.
  ///
  /// - Precondition: the probability lies in 0 up to below 1.
  public init(probability: Double, keys: [UInt64]) {
    precondition((0..<1).contains(probability), "dropout of \(probability)")
    self.probability = probability
    self.keys = keys
  }

  /// Drops some of `values`, or of their gradients, which lose the same.
  /// - Parameters:
  ///   - values: `[n, count]`, one row for each key.
  ///   - count: values of a clip.
  ///   - layer: the name of the layer that reads them.
  func apply(to values: UnsafeMutablePointer<Float>, count: Int, layer: String) {
    let scale = Float(1 / (1 - probability))
    for (clip, key) in keys.enumerated() {
      var random = RandomStream(seed: key, name: layer)
      for i in clip * count..<(clip + 1) * count {
        values[i] = random.uniform() < probability ? 0 : scale * values[i]
      }
    }
  }
}
