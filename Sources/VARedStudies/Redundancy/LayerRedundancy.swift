// The redundancy of one convolution's output, collected and as numbers.

import VARedNN
import VARedTraining

/// Collects one convolution's features.
struct LayerCollector {
  let name: String
  let shape: ActivationShape
  private var temporal = TemporalRedundancy()
  private var channel: ChannelRedundancy

  init(_ layer: LayerFeatures) {
    name = layer.name
    shape = layer.shape
    channel = ChannelRedundancy(channels: layer.shape.channels)
  }

  /// Takes one clip of `layer`.
  mutating func add(_ layer: LayerFeatures, clip: Int) {
    let pixels = shape.height * shape.width
    let count = shape.channels * shape.frames * pixels
    let features = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
    defer { features.deallocate() }
    layer.copy(clip: clip, into: features)
    temporal.add(
      UnsafeBufferPointer(features), channels: shape.channels, frames: shape.frames, pixels: pixels)
    channel.add(features, count: shape.frames * pixels)
  }

  /// - Parameter threshold: |r| above which a pair of channels counts as alike.
  func result(threshold: Double) -> LayerRedundancy {
    let channels = channel.result(threshold: threshold)
    return LayerRedundancy(
      name: name, shape: shape,
      values: [
        .temporalCorrelation: temporal.correlation.mean,
        .temporalCorrelationDeviation: temporal.correlation.deviation,
        .temporalError: temporal.relativeError.mean,
        .temporalErrorDeviation: temporal.relativeError.deviation,
        .channelCorrelation: channels.correlation, .channelError: channels.error,
        .channelPairs: channels.pairs,
      ].compactMapValues { $0 })
  }
}

/// What is measured of a layer (docs/REDUNDANCY.md); the raw values name it in files.
enum RedundancyMeasure: String, CaseIterable {
  case temporalCorrelation = "temporal_correlation"
  case temporalCorrelationDeviation = "temporal_correlation_deviation"
  case temporalError = "temporal_error"
  case temporalErrorDeviation = "temporal_error_deviation"
  case channelCorrelation = "channel_correlation"
  case channelError = "channel_error"
  case channelPairs = "channel_pairs"
}

/// One convolution's numbers.
struct LayerRedundancy {
  let name: String
  /// `[K, T', H', W']` of its output.
  let shape: ActivationShape
  /// Without those that the layer has not: a single frame has no neighbour.
  let values: [RedundancyMeasure: Double]

  subscript(_ measure: RedundancyMeasure) -> Double? { values[measure] }
}
