// The cheap operations: depthwise 3×3 kernels that reconstruct what is not computed (METHOD §1).

/// The kernels `φs_b` and `φt_a` of one dynamic convolution.
final class CheapOperations {
  /// `φs_b [K−n_b, 3, 3]` for each channel candidate; nil where nothing is reconstructed.
  let spatial: [Parameter?]
  /// `φt_a [R_a−1, K, 3, 3]` for each temporal candidate; nil for `R_a = 1`.
  let temporal: [Parameter?]
  private let channels: Int
  private let space: PolicySpace

  init(_ space: PolicySpace, channels: Int, name: String, context: LayerContext) {
    let parameters = context.parameters
    self.space = space
    self.channels = channels
    // Initial values: a reconstructed frame starts as a copy, a reconstructed channel nearly so.
    spatial = space.channelCounts.enumerated().map { b, count in
      guard b > 0, count < channels else { return nil }
      return parameters.add(
        "\(name).phi_s.\(b)", [channels - count, 3, 3], layout: .depthwise, decays: true
      ) { (place, stream) in (place % 9 == 4 ? 1 : 0) + 0.1 * Float(stream.normal()) }
    }
    temporal = space.temporalStrides.enumerated().map { a, stride in
      guard stride > 1 else { return nil }
      return parameters.add(
        "\(name).phi_t.\(a)", [stride - 1, channels, 3, 3], layout: .depthwise, decays: true
      ) { (place, _) in place % 9 == 4 ? 1 : 0 }
    }
  }

  /// Floats of the kernels of one channel block.
  static var blockFloats: Int { 9 * ChannelBlock.lanes }

  /// Stored floats of all kernels, in the order spatial, temporal.
  var storedCount: Int {
    (0..<spatial.count).reduce(0) { $0 + spatialFloats($1) }
      + (0..<temporal.count).reduce(0) { $0 + temporalFloats($1) }
  }

  /// Stored floats of `φs_b`.
  func spatialFloats(_ b: Int) -> Int {
    spatial[b] == nil
      ? 0 : ChannelBlock.count(channels - space.channelCounts[b]) * Self.blockFloats
  }

  /// Stored floats of `φt_a`.
  func temporalFloats(_ a: Int) -> Int {
    (space.temporalStrides[a] - 1) * ChannelBlock.count(channels) * Self.blockFloats
  }

  /// Multiply-accumulates of the cheap operations that run for a clip: 9 for every reconstructed
  /// element of every candidate with a weight above zero.
  func macs(_ policy: Policy, clip: Int, part: ConvolutionPart, output: ActivationShape) -> Int {
    let computed = (output.frames + part.temporalStride - 1) / part.temporalStride
    var elements = 0
    for (count, weight) in zip(space.channelCounts, policy.channelWeights(clip)) where weight > 0 {
      elements += (channels - count) * computed
    }
    for (stride, weight) in zip(space.temporalStrides, policy.temporalWeights(clip))
    where weight > 0 {
      let kept = (output.frames + stride - 1) / stride
      elements += (output.frames - kept) * channels
    }
    return elements * 9 * output.framePixels
  }
}
