// What an observer of features sees, against plain loops over the layer before.

import TestSupport
import Testing

@testable import VARedNN

@Suite struct LayerFeaturesTests {
  /// The features of one layer, all clips.
  struct Features {
    let shape: ActivationShape
    var clips: [[Float]]
  }

  private func network(width: Double, dynamic: Bool, threads: Int = 1) throws -> VideoNetwork {
    var configuration = NetworkConfiguration(classes: 3, frames: 4, size: 16)
    configuration.width = width
    if dynamic { configuration.dynamic = DynamicConfiguration() }
    let network = try VideoNetwork(configuration, batch: 2, seed: 3, threads: threads)
    for entry in network.parameters.entries where entry.name.contains(".phi_t.") {
      let count = entry.shape.reduce(1, *)
      network.parameters.setLogical(
        entry, in: network.parameters.values, normals(count, entry.name))
    }
    for buffer in network.parameters.buffers {
      network.parameters.setBuffer(
        buffer, normals(buffer.shape[0], buffer.name).map { abs($0) + 0.2 })
    }
    network.parameters.changed()
    return network
  }

  /// What inference of two clips shows, and the order of the layers.
  private func observe(
    _ network: VideoNetwork
  ) throws -> (features: [String: Features], names: [String]) {
    var (seen, names): ([String: Features], [String]) = ([:], [])
    network.observeFeatures = { layer in
      names.append(layer.name)
      seen[layer.name] = Features(
        shape: layer.shape,
        clips: (0..<layer.clips).map { clip in
          var values = [Float](repeating: .nan, count: layer.shape.channels * layer.shape.pixels)
          values.withUnsafeMutableBufferPointer { layer.copy(clip: clip, into: $0) }
          return values
        })
    }
    defer { network.observeFeatures = nil }
    _ = try network.infer(normals(2 * 3 * 4 * 256, "clips"))
    return (seen, names)
  }

  private func values(_ name: String, _ network: VideoNetwork) throws -> [Float] {
    let parameters = network.parameters
    if let buffer = parameters.buffers.first(where: { $0.name == name }) {
      return parameters.bufferLogical(buffer)
    }
    let entry = try #require(parameters.entries.first { $0.name == name }, "\(name)")
    return parameters.logical(entry, of: parameters.values)
  }

  /// ReLU of batch norm `norm` of one clip's features.
  private func activated(
    _ x: [Float], _ shape: ActivationShape, norm: String, _ network: VideoNetwork
  ) throws -> [Float] {
    let (gamma, beta) = (
      try values("\(norm).weight", network), try values("\(norm).bias", network)
    )
    let mean = try values("\(norm).running_mean", network)
    let variance = try values("\(norm).running_var", network)
    return x.indices.map { i in
      let c = i / shape.pixels
      return max(0, (x[i] - mean[c]) / (variance[c] + 1e-5).squareRoot() * gamma[c] + beta[c])
    }
  }

  /// A 3×1×1 convolution with padding 1 along time.
  private func temporalConvolution(
    _ x: [Float], _ input: ActivationShape, _ weight: [Float], outputs: Int
  ) -> [Float] {
    var y = [Float](repeating: 0, count: outputs * input.pixels)
    for k in 0..<outputs {
      for t in 0..<input.frames {
        for p in 0..<input.framePixels {
          var sum: Float = 0
          for c in 0..<input.channels {
            for tap in 0..<3 where (0..<input.frames).contains(t + tap - 1) {
              sum +=
                weight[(k * input.channels + c) * 3 + tap]
                * x[c * input.pixels + (t + tap - 1) * input.framePixels + p]
            }
          }
          y[k * input.pixels + t * input.framePixels + p] = sum
        }
      }
    }
    return y
  }

  @Test(arguments: [(0.3, false), (0.3, true), (0.5, true)])
  func wholeFeaturesAreTheConvolution(_ width: Double, _ dynamic: Bool) throws {
    let network = try network(width: width, dynamic: dynamic, threads: 2)
    network.policies = .full
    let (features, names) = try observe(network)
    #expect(names.count == 32 && names.first == "layer1.0.conv1.0.0")
    #expect(names.last == "layer4.1.conv2.0.3")
    if dynamic { #expect(names == network.dynamicLayers.map(\.name)) }
    for block in ["layer1.0", "layer1.1"] {
      let spatial = try #require(features["\(block).conv1.0.0"])
      let temporal = try #require(features["\(block).conv1.0.3"])
      let weight = try values("\(block).conv1.0.3.weight", network)
      for clip in 0..<2 {
        let x = try activated(
          spatial.clips[clip], spatial.shape, norm: "\(block).conv1.0.1", network)
        expectClose(
          temporal.clips[clip],
          temporalConvolution(x, spatial.shape, weight, outputs: temporal.shape.channels),
          rtol: 1e-5, "\(block) clip \(clip)")
      }
    }
  }

  /// `Σ kernel ∗ plane`, 3×3 with zero padding.
  private func depthwise(_ plane: ArraySlice<Float>, _ kernel: ArraySlice<Float>, side: Int)
    -> [Float]
  {
    (0..<side * side).map { p in
      var sum: Float = 0
      for dy in -1...1 {
        for dx in -1...1
        where (0..<side).contains(p / side + dy) && (0..<side).contains(p % side + dx) {
          sum +=
            plane[plane.startIndex + p + dy * side + dx]
            * kernel[kernel.startIndex + (dy + 1) * 3 + dx + 1]
        }
      }
      return sum
    }
  }

  @Test func featuresOfHalfTheComputationHoldWhatIsReconstructed() throws {
    let network = try network(width: 0.5, dynamic: true)
    let name = "layer1.0.conv1.0.0"
    network.policies = .full
    let full = try #require(try observe(network).features[name])
    network.policies = .fixed(temporal: 1, channel: 1)
    let half = try #require(try observe(network).features[name])
    let shape = full.shape
    let computed = try #require(network.dynamicLayers.first).channelCounts[1]
    #expect(computed < shape.channels)
    let spatial = try values("\(name).phi_s.1", network)
    let temporal = try values("\(name).phi_t.1", network)
    let area = shape.framePixels
    for clip in 0..<2 {
      var expected = full.clips[clip]
      for c in 0..<shape.channels {
        for t in 0..<shape.frames {
          let source = (c % computed) * shape.pixels + (t - t % 2) * area
          var plane = Array(full.clips[clip][source..<source + area])
          if c >= computed {
            let kernel = spatial[(c - computed) * 9..<(c - computed) * 9 + 9]
            plane = depthwise(plane[...], kernel, side: shape.width)
          }
          if t % 2 == 1 {
            plane = depthwise(plane[...], temporal[c * 9..<c * 9 + 9], side: shape.width)
          }
          let start = c * shape.pixels + t * area
          expected.replaceSubrange(start..<start + area, with: plane)
        }
      }
      expectClose(half.clips[clip], expected, rtol: 1e-5, "clip \(clip)")
    }
  }

  @Test func trainingAndWhoDoesNotLookAreNotShownAnything() throws {
    let network = try network(width: 0.3, dynamic: true)
    let clips = normals(2 * 3 * 4 * 256, "clips")
    var calls = 0
    let alone = try network.infer(clips).logits
    network.observeFeatures = { _ in calls += 1 }
    #expect(try network.infer(clips).logits == alone)
    #expect(calls == 32)
    _ = try network.trainingStep(clips, targets: .classes([0, 1]), costWeight: 0) { _ in }
    network.observeFeatures = nil
    _ = try network.infer(clips)
    #expect(calls == 32)
  }
}
