// Batch norm, squeeze-and-excitation and swish against central differences, and against their
// definition.

import CKernels
import Foundation
import TestSupport
import Testing

@testable import VARedNN

@Suite struct SwishNormTests {
  /// The layer with its input and the weights of a linear loss of its output.
  final class Bench {
    let shape = ActivationShape(channels: 20, frames: 3, height: 4, width: 5)
    let clips = 3
    let parameters: Parameters
    let layer: SwishNorm
    var x: [Float]
    /// Of the output, and of the means of its frames.
    let lossWeights: [Float]
    let meanWeights: [Float]
    private let (input, gradient): (FloatBuffer, FloatBuffer)
    private let output: FeatureMap

    init(excitation: Bool, clipsPerStep: Int? = nil) {
      let context = LayerContext(batch: clips, clipsPerStep: clipsPerStep)
      parameters = context.parameters
      layer = SwishNorm(
        shape, name: "bn", excitation: excitation ? ("se", 8) : nil, takesMeans: true,
        context: context)
      parameters.allocate(seed: 1, clipsPerStep: clipsPerStep)
      for entry in parameters.entries {
        let values = normals(entry.shape.reduce(1, *), entry.name, scale: 0.4)
        let isScale = entry.name == "bn.weight"
        parameters.setLogical(
          entry, in: parameters.values, values.map { isScale ? 1 + $0 : $0 })
      }
      let count = clips * shape.channels * shape.pixels
      x = normals(count, "x").map { 2 * $0 + 1 }
      lossWeights = Blocked.from(normals(count, "r"), shape, clips: clips)
      meanWeights = normals(clips * shape.meanCount, "m", scale: 3)
      (input, gradient) = (FloatBuffer(lossWeights.count), FloatBuffer(lossWeights.count))
      output = FeatureMap(shape, batch: clips)
      gradient.base.update(from: lossWeights, count: lossWeights.count)
    }

    /// The sums that a convolution takes on the way.
    private func takeMoments() {
      let blocked = Blocked.from(x, shape, clips: clips)
      input.base.update(from: blocked, count: blocked.count)
      layer.moments.update(repeating: 0)
      let lanes = ChannelBlock.lanes
      for (i, value) in blocked.enumerated() {
        let place = i / shape.blockFloats * 2 * lanes + i % lanes
        layer.moments[place] += Double(value)
        layer.moments[place + lanes] += Double(value) * Double(value)
      }
    }

    /// `[n, C, T, H, W]`.
    func forward(training: Bool = true) throws -> [Float] {
      takeMoments()
      try layer.prepare(clips: clips, training: training)
      layer.apply(BlockedClips(input.base, shape, count: clips), into: output)
      return Blocked.plain(output.data, shape, clips: clips)
    }

    /// The means of the last output's frames, `[n, C·T]`.
    var means: [Float] {
      Array(UnsafeBufferPointer(start: output.means, count: clips * shape.meanCount))
    }

    func loss() throws -> Double {
      _ = try forward()
      return (0..<lossWeights.count).reduce(0.0) {
        $0 + Double(output.data[$1]) * Double(lossWeights[$1])
      } + zip(means, meanWeights).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }

    /// `dx`.
    func backward() throws -> [Float] {
      _ = try forward()
      let dx = FloatBuffer(lossWeights.count)
      let pixelMeans = meanWeights.map { $0 / Float(shape.framePixels) }
      try pixelMeans.withUnsafeBufferPointer { means in
        let written = try layer.reduceGradient(
          IncomingGradient(
            first: BlockedClips(gradient.base, shape, count: clips), means: means.baseAddress),
          x: BlockedClips(input.base, shape, count: clips))
        for item in 0..<clips * shape.blocks {
          // The frames together, and one by one.
          for frames in item == 0 ? [0..<shape.frames] : (0..<shape.frames).map({ $0..<$0 + 1 }) {
            let offset = item * shape.blockFloats + frames.lowerBound * shape.planeFloats
            written.write(item, frames: frames, into: dx.base + offset, streamed: false)
          }
        }
      }
      return withExtendedLifetime(dx) { Blocked.plain(dx.base, shape, clips: clips) }
    }
  }

  @Test(arguments: [false, true]) func gradients(excitation: Bool) throws {
    let bench = Bench(excitation: excitation)
    let dx = try bench.backward()
    let gradients = bench.parameters.entries.map {
      bench.parameters.logical($0, of: bench.parameters.gradients)
    }
    try withCopy(of: bench.x) { values in
      try checkGradient("x", of: values, gradient: dx, samples: 40, step: 4e-3) {
        bench.x = Array(values)
      } loss: {
        try bench.loss()
      }
    }
    for (entry, gradient) in zip(bench.parameters.entries, gradients) {
      let slice = UnsafeMutableBufferPointer(
        rebasing: bench.parameters.values[entry.offset..<entry.offset + gradient.count])
      try checkGradient(entry.name, of: slice, gradient: gradient, step: 4e-3) {
        bench.parameters.changed()
      } loss: {
        try bench.loss()
      }
    }
    #expect(bench.parameters.entries.count == (excitation ? 6 : 2))
  }

  /// Sums in fixed point are the same gradients.
  @Test(arguments: [false, true]) func fixedPoint(excitation: Bool) throws {
    let (bench, fixed) = (
      Bench(excitation: excitation), Bench(excitation: excitation, clipsPerStep: 3)
    )
    expectClose(try fixed.backward(), try bench.backward(), rtol: 1e-5, "dx")
    fixed.parameters.takeFixedPoint()
    for (entry, other) in zip(fixed.parameters.entries, bench.parameters.entries) {
      expectClose(
        fixed.parameters.logical(entry, of: fixed.parameters.gradients),
        bench.parameters.logical(other, of: bench.parameters.gradients), rtol: 1e-5, entry.name)
    }
  }

  /// Written as it is defined, in double precision, with the running statistics.
  @Test(arguments: [false, true]) func inferenceIsTheDefinition(excitation: Bool) throws {
    let bench = Bench(excitation: excitation)
    let parameters = bench.parameters
    for buffer in parameters.buffers {
      parameters.setBuffer(
        buffer, normals(buffer.shape[0], buffer.name).map { abs($0) + 0.3 })
    }
    func values(_ name: String) throws -> [Double] {
      if let buffer = parameters.buffers.first(where: { $0.name == name }) {
        return parameters.bufferLogical(buffer).map(Double.init)
      }
      let entry = try #require(parameters.entries.first { $0.name == name }, "\(name)")
      return parameters.logical(entry, of: parameters.values).map(Double.init)
    }
    let (gamma, beta) = (try values("bn.weight"), try values("bn.bias"))
    let (mean, variance) = (try values("bn.running_mean"), try values("bn.running_var"))
    let (channels, pixels) = (bench.shape.channels, bench.shape.pixels)
    func sigmoid(_ v: Double) -> Double { 1 / (1 + exp(-v)) }
    func layer(_ index: Int, _ x: [Double]) throws -> [Double] {
      let weights = try values("se.block.\(index).weight")
      return try values("se.block.\(index).bias").enumerated().map { row, bias in
        (0..<x.count).reduce(bias) { $0 + weights[row * x.count + $1] * x[$1] }
      }
    }
    var expected: [Float] = []
    for clip in 0..<bench.clips {
      let normalized = (0..<channels).map { c in
        (0..<pixels).map { p in
          let value = Double(bench.x[(clip * channels + c) * pixels + p])
          return (value - mean[c]) / (variance[c] + 1e-5).squareRoot() * gamma[c] + beta[c]
        }
      }
      var factors = [Double](repeating: 1, count: channels)
      if excitation {
        let means = normalized.map { $0.reduce(0, +) / Double(pixels) }
        factors = try layer(2, try layer(0, means).map { max($0, 0) }).map(sigmoid)
      }
      for (values, factor) in zip(normalized, factors) {
        expected += values.map { Float(factor * $0 * sigmoid(factor * $0)) }
      }
    }
    expectClose(try bench.forward(training: false), expected, rtol: 2e-6, "y")
    let frame = bench.shape.framePixels
    let means = stride(from: 0, to: expected.count, by: frame).map {
      Float(expected[$0..<$0 + frame].reduce(0) { $0 + Double($1) } / Double(frame))
    }
    expectClose(bench.means, means, rtol: 2e-6, "means")
  }

  /// Swish far from 0 is 0 or the value itself; what is not a number stays so.
  @Test func swishAtItsEnds() {
    let lanes = ChannelBlock.lanes
    let values: [Float] = [-1e30, -200, -87.5, -20, -1, -1e-20, 0, 1e-20, 1, 20, 87.5, 200, 1e30]
    var x = [Float](repeating: 0, count: 3 * lanes)
    for (i, value) in values.enumerated() { x[i] = value }
    x[2 * lanes] = .nan
    x[2 * lanes + 1] = .infinity
    var y = [Float](repeating: 7, count: x.count)
    let (one, zero) = ([Float](repeating: 1, count: lanes), [Float](repeating: 0, count: lanes))
    one.withUnsafeBufferPointer { one in
      zero.withUnsafeBufferPointer { zero in
        y.withUnsafeMutableBufferPointer { y in
          var output = vared_swish_output()
          output.map = vared_swish(scale: one.baseAddress, shift: zero.baseAddress)
          output.y = y.baseAddress
          ChannelBlock.kernels.swish(&output, x, 1, 3)
        }
      }
    }
    for (i, value) in values.enumerated() {
      let exact = Double(value) / (1 + exp(-Double(value)))
      let allowed = 1e-6 * abs(exact) + 1e-36 * Double(abs(value))
      #expect(abs(Double(y[i]) - exact) <= allowed, "swish(\(value)) = \(y[i])")
    }
    #expect(y[2 * lanes].isNaN && y[2 * lanes + 1] == .infinity)
  }
}
