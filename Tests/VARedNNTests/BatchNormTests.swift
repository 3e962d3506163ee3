// Batch norm fused with ReLU and residual, against central differences.

import TestSupport
import Testing

@testable import VARedNN

@Suite struct BatchNormTests {
  /// The activation that follows the batch norm.
  enum Form: String, CaseIterable, CustomTestStringConvertible {
    case plain, relu, residual
    var testDescription: String { rawValue }
  }

  /// One batch norm with its input, a residual and the weights of a linear loss on everything that
  /// comes out: the output and its spatial means.
  final class Bench {
    let shape = ActivationShape(channels: 20, frames: 3, height: 4, width: 5)
    let clips = 3
    let form: Form
    let parameters: Parameters
    let norm: BatchNorm
    var x: [Float]
    var residual: [Float]
    let lossWeights: [Float]
    let meanWeights: [Float]
    let output: FeatureMap
    let one: FloatBuffer
    let zero: FloatBuffer

    init(_ form: Form) {
      self.form = form
      let context = LayerContext(batch: clips)
      parameters = context.parameters
      norm = BatchNorm(
        shape, name: "bn", before: form == .residual ? .residualAndReLU : .relu, context: context)
      parameters.allocate(seed: 1)
      let count = clips * shape.channels * shape.pixels
      parameters.setLogical(
        parameters.entries[0], in: parameters.values, normals(20, "gamma").map { 1 + 0.3 * $0 })
      parameters.setLogical(
        parameters.entries[1], in: parameters.values, normals(20, "beta", scale: 0.5))
      x = Blocked.from(normals(count, "x").map { 2 * $0 + 1 }, shape, clips: clips)
      residual = Blocked.from(normals(count, "residual"), shape, clips: clips)
      lossWeights = Blocked.from(normals(count, "r"), shape, clips: clips)
      meanWeights = normals(clips * shape.meanCount, "m")
      output = FeatureMap(shape, batch: clips)
      one = FloatBuffer(32)
      one.all.update(repeating: 1)
      zero = FloatBuffer(32)
    }

    func loss() throws -> Double {
      try norm.takeStatistics(of: x, clips: clips)
      guard form != .plain else {
        return (0..<x.count).reduce(0.0) { sum, i in
          let lanes = ChannelBlock.lanes
          let c = i / shape.blockFloats % shape.blocks * lanes + i % lanes
          let y = norm.scale.base[c] * x[i] + norm.shift.base[c]
          return sum + Double(y) * Double(lossWeights[i])
        }
      }
      residual.withUnsafeBufferPointer { pointer in
        let added = Residual(
          clips: BlockedClips(pointer.baseAddress!, shape, count: clips),
          affine: Affine(scale: one.base, shift: zero.base), norm: nil)
        norm.apply(x, clips: clips, residual: form == .residual ? added : nil, into: output)
      }
      let direct = (0..<x.count).reduce(0.0) {
        $0 + Double(output.data[$1]) * Double(lossWeights[$1])
      }
      return (0..<meanWeights.count).reduce(direct) {
        $0 + Double(output.means[$1]) * Double(meanWeights[$1])
      }
    }

    /// `dx` and the gradient of the residual.
    func backward() throws -> (dx: [Float], masked: [Float]) {
      _ = try loss()
      var dx = [Float](repeating: .nan, count: x.count)
      var masked = dx
      let means = meanWeights.map { $0 / Float(shape.framePixels) }
      try lossWeights.withUnsafeBufferPointer { weights in
        try means.withUnsafeBufferPointer { means in
          let dy = IncomingGradient(
            first: BlockedClips(weights.baseAddress!, shape, count: clips),
            means: form == .plain ? nil : means.baseAddress)
          switch form {
          case .plain:
            try norm.backward(dy, mask: .none, x: x, clips: clips, into: &dx)
          case .relu:
            try norm.backward(dy, mask: .ownOutput, x: x, clips: clips, into: &dx)
          case .residual:
            try masked.withUnsafeMutableBufferPointer { masked in
              try norm.backward(
                dy, mask: .output(output.clips(clips)), x: x, clips: clips,
                masked: masked.baseAddress,
                into: &dx)
            }
          }
        }
      }
      return (dx, masked)
    }
  }

  @Test(arguments: Form.allCases) func gradients(_ form: Form) throws {
    let bench = Bench(form)
    let (dx, masked) = try bench.backward()
    let gradients = bench.parameters.entries.map {
      bench.parameters.logical($0, of: bench.parameters.gradients)
    }
    try checkThroughPlain("x", bench, \.x, gradient: dx)
    if form == .residual { try checkThroughPlain("residual", bench, \.residual, gradient: masked) }
    for (entry, gradient) in zip(bench.parameters.entries, gradients) {
      let slice = UnsafeMutableBufferPointer(
        rebasing: bench.parameters.values[entry.offset..<entry.offset + 20])
      try checkGradient(entry.name, of: slice, gradient: gradient, step: 1e-3) {
        try bench.loss()
      }
    }
  }

  /// Central differences in the plain layout, so that padding lanes are never touched.
  private func checkThroughPlain(
    _ name: String, _ bench: Bench, _ path: ReferenceWritableKeyPath<Bench, [Float]>,
    gradient: [Float]
  ) throws {
    let plain = Blocked.plain(bench[keyPath: path], bench.shape, clips: bench.clips)
    let plainGradient = Blocked.plain(gradient, bench.shape, clips: bench.clips)
    try withCopy(of: plain) { values in
      try checkGradient(name, of: values, gradient: plainGradient, samples: 40, step: 1e-3) {
        bench[keyPath: path] = Blocked.from(Array(values), bench.shape, clips: bench.clips)
      } loss: {
        try bench.loss()
      }
    }
  }

  @Test func updatesRunningStatisticsAsPyTorch() throws {
    let bench = Bench(.relu)
    _ = try bench.loss()
    let plain = Blocked.plain(bench.x, bench.shape, clips: bench.clips)
    let pixels = bench.shape.pixels
    var values: [Double] = []
    for n in 0..<bench.clips {
      let first = (n * 20 + 7) * pixels
      values += plain[first..<first + pixels].map { Double($0) }
    }
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let squares = values.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) }
    let unbiased = squares / (count - 1)
    let buffers = bench.parameters.buffers.map { bench.parameters.bufferLogical($0) }
    expectClose([buffers[0][7]], [Float(0.1 * mean)], rtol: 1e-5, "running_mean")
    expectClose([buffers[1][7]], [Float(0.9 + 0.1 * unbiased)], rtol: 1e-5, "running_var")
  }
}
