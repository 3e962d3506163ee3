// The mean over time and space before the classifier.

/// PyTorch's `AdaptiveAvgPool3d(1)` of a feature map whose spatial means are known.
final class GlobalAveragePooling {
  /// `[n, C]` of the last forward pass.
  private(set) var features: [Float]
  /// `∂L/∂features [n, C]`: written before `backward`.
  var gradient: [Float]
  private let shape: ActivationShape
  private let operations: OperationRecord

  init(_ shape: ActivationShape, context: LayerContext) {
    self.shape = shape
    operations = context.counter.addRecord(
      "avgpool", .pooling,
      output: ActivationShape(channels: shape.channels, frames: 1, height: 1, width: 1),
      fixed: OperationCount(flops: shape.meanCount))
    features = [Float](repeating: 0, count: context.batch * shape.channels)
    gradient = features
  }

  /// `features` of `n` clips: the mean of the spatial means over time.
  func forward(_ x: FeatureMap, clips n: Int) {
    let frames = shape.frames
    operations.record(calls: 0, flops: n * shape.meanCount)
    for i in 0..<n * shape.channels {
      let means = UnsafeBufferPointer(start: x.means + i * frames, count: frames)
      features[i] = means.reduce(0, +) / Float(frames)
    }
  }

  /// The gradient of the means `[n, C·T]`, for every pixel, assigned.
  func backward(clips n: Int, into dMeans: UnsafeMutablePointer<Float>) {
    for i in 0..<n * shape.channels {
      (dMeans + i * shape.frames).update(
        repeating: gradient[i] / Float(shape.pixels), count: shape.frames)
    }
  }
}
