// Convolutions, whole and in part, against a direct sum and against central differences.

import TestSupport
import Testing

@testable import VARedNN

@Suite struct ConvolutionTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let channels: Int
    let outChannels: Int
    let frames: Int
    let size: Int
    /// `size` where nil.
    var width: Int?
    let kernel: Extent
    let stride: Extent
    var part: ConvolutionPart?
    var testDescription: String {
      "\(channels)→\(outChannels) T\(frames) S\(size)x\(width ?? size) k\(kernel.t)x\(kernel.h) "
        + "s\(stride.t),\(stride.h)"
        + (part.map { " part \($0.channels)/\($0.temporalStride)" } ?? "")
    }
  }

  static let cases = direct + minimalFiltering

  static let direct: [Case] = [
    Case(
      channels: 20, outChannels: 36, frames: 4, size: 5, kernel: Extent(1, 3, 3),
      stride: Extent(1, 1, 1)),
    Case(
      channels: 16, outChannels: 32, frames: 3, size: 8, kernel: Extent(1, 3, 3),
      stride: Extent(1, 2, 2)),
    Case(
      channels: 20, outChannels: 24, frames: 5, size: 6, kernel: Extent(3, 1, 1),
      stride: Extent(1, 1, 1)),
    Case(
      channels: 32, outChannels: 16, frames: 8, size: 5, kernel: Extent(3, 1, 1),
      stride: Extent(2, 1, 1)),
    // Inputs shorter than the kernel.
    Case(
      channels: 16, outChannels: 16, frames: 2, size: 3, kernel: Extent(3, 1, 1),
      stride: Extent(2, 1, 1)),
    Case(
      channels: 16, outChannels: 16, frames: 2, size: 3, kernel: Extent(3, 1, 1),
      stride: Extent(1, 1, 1)),
    Case(
      channels: 16, outChannels: 32, frames: 1, size: 3, kernel: Extent(3, 1, 1),
      stride: Extent(1, 1, 1)),
    Case(
      channels: 16, outChannels: 32, frames: 1, size: 1, kernel: Extent(1, 3, 3),
      stride: Extent(1, 1, 1)),
    // More than a strip of pixels, and output blocks in groups of three, two and one.
    Case(
      channels: 16, outChannels: 70, frames: 2, size: 46, kernel: Extent(1, 3, 3),
      stride: Extent(1, 2, 2)),
    Case(
      channels: 33, outChannels: 64, frames: 3, size: 13, kernel: Extent(3, 1, 1),
      stride: Extent(1, 1, 1)),
    Case(
      channels: 16, outChannels: 80, frames: 1, size: 49, kernel: Extent(1, 3, 3),
      stride: Extent(1, 2, 2)),
    Case(
      channels: 16, outChannels: 32, frames: 4, size: 6, kernel: Extent(3, 3, 3),
      stride: Extent(2, 1, 1)),
    // Parts.
    Case(
      channels: 20, outChannels: 40, frames: 5, size: 5, kernel: Extent(1, 3, 3),
      stride: Extent(1, 1, 1),
      part: ConvolutionPart(channels: 32, temporalStride: 2)),
    Case(
      channels: 20, outChannels: 48, frames: 8, size: 6, kernel: Extent(3, 1, 1),
      stride: Extent(2, 1, 1),
      part: ConvolutionPart(channels: 16, temporalStride: 4)),
    Case(
      channels: 16, outChannels: 32, frames: 2, size: 4, kernel: Extent(3, 1, 1),
      stride: Extent(1, 1, 1),
      part: ConvolutionPart(channels: 16, temporalStride: 2)),
    // Fewer pixels than a tile of the temporal gradient; input blocks in threes, twos and ones.
    Case(
      channels: 64, outChannels: 20, frames: 7, size: 1, kernel: Extent(3, 1, 1),
      stride: Extent(1, 1, 1),
      part: ConvolutionPart(channels: 20, temporalStride: 2)),
    Case(
      channels: 70, outChannels: 32, frames: 5, size: 13, kernel: Extent(3, 1, 1),
      stride: Extent(1, 1, 1),
      part: ConvolutionPart(channels: 32, temporalStride: 4)),
    Case(
      channels: 16, outChannels: 32, frames: 8, size: 4, kernel: Extent(1, 3, 3),
      stride: Extent(1, 2, 2),
      part: ConvolutionPart(channels: 32, temporalStride: 4)),
  ]

  /// Convolutions that `Winograd` computes: whole tiles and cut ones, strips of tiles that are not
  /// full, parts.
  static let minimalFiltering: [Case] = [
    Case(
      channels: 20, outChannels: 36, frames: 2, size: 12, kernel: Extent(1, 3, 3),
      stride: Extent(1, 1, 1)),
    Case(
      channels: 16, outChannels: 70, frames: 3, size: 15, width: 10, kernel: Extent(1, 3, 3),
      stride: Extent(1, 1, 1)),
    Case(
      channels: 50, outChannels: 16, frames: 1, size: 13, width: 21, kernel: Extent(1, 3, 3),
      stride: Extent(1, 1, 1)),
    Case(
      channels: 20, outChannels: 40, frames: 5, size: 11, kernel: Extent(1, 3, 3),
      stride: Extent(1, 1, 1), part: ConvolutionPart(channels: 16, temporalStride: 2)),
    Case(
      channels: 33, outChannels: 64, frames: 8, size: 8, kernel: Extent(1, 3, 3),
      stride: Extent(1, 1, 1), part: ConvolutionPart(channels: 48, temporalStride: 4)),
  ]

  @Test func winogradPaysWhereItIsTested() {
    for test in Self.minimalFiltering { #expect(Winograd.pays(for: test.geometry), "\(test)") }
    for test in Self.direct { #expect(!Winograd.pays(for: test.geometry), "\(test)") }
  }

  /// The layers lend one another the memory of the weights that backward-data reads.
  @Test func layersDoNotMixUpTheirWeights() {
    let geometry = Self.minimalFiltering[0].geometry
    let context = LayerContext(batch: 1)
    let layers = ["a", "b"].map { Convolution(geometry, name: $0, context: context) }
    context.parameters.allocate(seed: 3)
    let dy = Blocked.from(
      normals(geometry.outChannels * geometry.output.pixels, "dy"), geometry.output, clips: 1)
    let results = [0, 1, 0, 1].map { i in
      var dx = [Float](repeating: .nan, count: geometry.input.clipFloats)
      layers[i].backwardData(dy, clips: 1, part: geometry.wholePart, into: &dx)
      return dx
    }
    #expect(results[0] == results[2] && results[1] == results[3] && results[0] != results[1])
  }

  @Test(arguments: cases) func equalsDirectSum(_ test: Case) {
    let clips = 2
    let geometry = test.geometry
    let context = LayerContext(batch: clips)
    let layer = Convolution(geometry, name: "conv", context: context)
    context.parameters.allocate(seed: 3)
    let part = test.part ?? geometry.wholePart
    let weights = context.parameters.logical(
      context.parameters.entries[0], of: context.parameters.values)
    let x = normals(clips * geometry.input.channels * geometry.input.pixels, "x")
    let output = geometry.output(of: part)
    let dy = normals(clips * output.channels * output.pixels, "dy")

    let blockedX = Blocked.from(x, geometry.input, clips: clips)
    let blockedDy = Blocked.from(dy, output, clips: clips)
    context.counter.start()
    var y = [Float](repeating: .nan, count: clips * output.clipFloats)
    layer.forward(blockedX, clips: clips, part: part, into: &y)
    var dx = [Float](repeating: .nan, count: blockedX.count)
    layer.backwardData(blockedDy, clips: clips, part: part, into: &dx)
    backwardWeights(layer, part, blockedX, blockedDy, clips: clips)

    let direct = DirectConvolution(
      geometry, part: part, clips: clips, x: x, weights: weights, dy: dy)
    expectClose(Blocked.plain(y, output, clips: clips), direct.y, rtol: 1e-5, "y")
    expectClose(Blocked.plain(dx, geometry.input, clips: clips), direct.dx, rtol: 1e-5, "dx")
    let dWeights = context.parameters.logical(
      context.parameters.entries[0], of: context.parameters.gradients)
    expectClose(dWeights, direct.dWeights, rtol: 1e-5, "dWeights")
    #expect(context.counter.macs == clips * geometry.macs(part: part))
  }

  /// The weights' gradient, clip by clip: first assigned, then added to by the clips that are left.
  private func backwardWeights(
    _ layer: Convolution, _ part: ConvolutionPart, _ x: [Float], _ dy: [Float], clips: Int,
    affine: Affine? = nil
  ) {
    x.withUnsafeBufferPointer { x in
      dy.withUnsafeBufferPointer { dy in
        for clip in 0..<clips {
          layer.backwardWeights(clips: 1, part: part, affine: affine, accumulate: clip > 0) { _ in
            (
              x.baseAddress! + clip * layer.geometry.input.clipFloats,
              dy.baseAddress! + clip * layer.geometry.output(of: part).clipFloats
            )
          }
        }
      }
    }
  }

  /// The input normalized and rectified again on the way, against the kept one: bit for bit.
  @Test(arguments: cases) func fusedInputEqualsKeptInput(_ test: Case) throws {
    let clips = 2
    let geometry = test.geometry
    let context = LayerContext(batch: clips)
    let layer = Convolution(geometry, name: "conv", context: context)
    let norm = BatchNorm(
      geometry.input, name: "bn", before: .relu, context: context)
    context.parameters.allocate(seed: 3)
    let part = test.part ?? geometry.wholePart
    let output = geometry.output(of: part)
    let x = Blocked.from(
      normals(clips * geometry.input.channels * geometry.input.pixels, "x"), geometry.input,
      clips: clips)
    let dy = Blocked.from(
      normals(clips * output.channels * output.pixels, "dy"), output, clips: clips)
    try norm.takeStatistics(of: x, clips: clips)
    let kept = FeatureMap(geometry.input, batch: clips)
    norm.apply(x, clips: clips, into: kept)

    let entry = context.parameters.entries[0]
    backwardWeights(
      layer, part, Array(UnsafeBufferPointer(start: kept.data, count: x.count)), dy, clips: clips)
    let unfused = context.parameters.logical(entry, of: context.parameters.gradients)
    backwardWeights(layer, part, x, dy, clips: clips, affine: norm.affine)
    #expect(context.parameters.logical(entry, of: context.parameters.gradients) == unfused)
    #expect(unfused.contains { $0 != 0 })
  }

  /// The same bits, however the work is spread.
  @Test(arguments: Array(direct[0..<3]) + minimalFiltering[0..<2])
  func threadsDoNotMatter(_ test: Case) {
    let results = [1, 2, 3, 7].map { threads in
      Parallel.setThreads(threads)
      defer { Parallel.setThreads(1) }
      return Pass(test.geometry, clips: 0..<2)
    }
    for other in results.dropFirst() {
      #expect(other.y == results[0].y && other.dx == results[0].dx)
      #expect(other.dWeights == results[0].dWeights)
    }
  }

  /// A clip's outputs and the gradient of its input are the same bits in a batch and alone.
  @Test(arguments: minimalFiltering) func theBatchDoesNotMatter(_ test: Case) {
    let (both, second) = (Pass(test.geometry, clips: 0..<2), Pass(test.geometry, clips: 1..<2))
    #expect(Array(both.y[(both.y.count / 2)...]) == second.y)
    #expect(Array(both.dx[(both.dx.count / 2)...]) == second.dx)
  }

  /// What a convolution makes of given clips.
  private struct Pass {
    var y: [Float]
    var dx: [Float]
    let dWeights: [Float]

    init(_ geometry: ConvolutionGeometry, clips: Range<Int>) {
      let context = LayerContext(batch: clips.count)
      let layer = Convolution(geometry, name: "conv", context: context)
      context.parameters.allocate(seed: 3)
      func values(_ shape: ActivationShape, _ name: String) -> [Float] {
        let plain = clips.flatMap { normals(shape.channels * shape.pixels, "\(name)\($0)") }
        return Blocked.from(plain, shape, clips: clips.count)
      }
      let x = values(geometry.input, "x")
      let dy = values(geometry.output, "dy")
      y = [Float](repeating: .nan, count: dy.count)
      dx = [Float](repeating: .nan, count: x.count)
      layer.forward(x, clips: clips.count, part: geometry.wholePart, into: &y)
      layer.backwardData(dy, clips: clips.count, part: geometry.wholePart, into: &dx)
      layer.backwardWeights(x, dy, clips: clips.count)
      dWeights = Array(context.parameters.gradients)
    }
  }

  @Test func stemEqualsDirectSum() {
    let geometry = ConvolutionGeometry(
      input: ActivationShape(channels: 3, frames: 2, height: 12, width: 12), outChannels: 23,
      kernel: Extent(1, 7, 7), stride: Extent(1, 2, 2))
    let context = LayerContext(batch: 2)
    let layer = Convolution(geometry, name: "stem", isStem: true, context: context)
    context.parameters.allocate(seed: 3)
    let entry = context.parameters.entries[0]
    let x = normals(2 * 3 * geometry.input.pixels, "x")
    let dy = normals(2 * 23 * geometry.output.pixels, "dy")
    var y = [Float](repeating: .nan, count: 2 * geometry.output.clipFloats)
    x.withUnsafeBufferPointer { x in
      let clips = Clips(x, of: geometry.input)
      y.withUnsafeMutableBufferPointer {
        layer.forward(clips, into: MutableBlockedClips($0.baseAddress!, geometry.output, count: 2))
      }
      Blocked.from(dy, geometry.output, clips: 2).withUnsafeBufferPointer {
        layer.backwardWeights(clips, BlockedClips($0.baseAddress!, geometry.output, count: 2))
      }
    }
    let direct = DirectConvolution(
      geometry, part: geometry.wholePart, clips: 2, x: x,
      weights: context.parameters.logical(entry, of: context.parameters.values), dy: dy)
    expectClose(Blocked.plain(y, geometry.output, clips: 2), direct.y, rtol: 1e-5, "y")
    expectClose(
      context.parameters.logical(entry, of: context.parameters.gradients), direct.dWeights,
      rtol: 1e-5, "dWeights")
  }

  @Test func pointwiseEqualsDirectSum() {
    let input = ActivationShape(channels: 20, frames: 5, height: 7, width: 6)
    let stride = Extent(2, 2, 2)
    let context = LayerContext(batch: 2)
    let layer = PointwiseConvolution(
      input: input, outChannels: 24, stride: stride, name: "shortcut",
      context: context)
    context.parameters.allocate(seed: 3)
    let geometry = ConvolutionGeometry(
      input: input, outChannels: 24, kernel: Extent(1, 1, 1), stride: stride)
    let entry = context.parameters.entries[0]
    let x = normals(2 * 20 * input.pixels, "x")
    let dy = normals(2 * 24 * geometry.output.pixels, "dy")
    var y = [Float](repeating: .nan, count: 2 * layer.output.clipFloats)
    layer.forward(Blocked.from(x, input, clips: 2), of: input, clips: 2, into: &y)
    var dx = [Float](repeating: .nan, count: 2 * input.clipFloats)
    layer.backward(Blocked.from(dy, layer.output, clips: 2), clips: 2, to: input, into: &dx)
    let direct = DirectConvolution(
      geometry, part: geometry.wholePart, clips: 2, x: x,
      weights: context.parameters.logical(entry, of: context.parameters.values), dy: dy)
    expectClose(Blocked.plain(y, layer.output, clips: 2), direct.y, rtol: 1e-5, "y")
    expectClose(Blocked.plain(dx, input, clips: 2), direct.dx, rtol: 1e-5, "dx")
    expectClose(
      context.parameters.logical(entry, of: context.parameters.gradients), direct.dWeights,
      rtol: 1e-5, "dWeights")
  }
}

extension ConvolutionTests.Case {
  var geometry: ConvolutionGeometry {
    ConvolutionGeometry(
      input: ActivationShape(
        channels: channels, frames: frames, height: size, width: width ?? size),
      outChannels: outChannels, kernel: kernel, stride: stride)
  }
}

/// A convolution's definition, written as the sum that it is, in double precision.
struct DirectConvolution {
  let y: [Float]
  let dx: [Float]
  let dWeights: [Float]

  init(
    _ geometry: ConvolutionGeometry, part: ConvolutionPart, clips: Int, x: [Float],
    weights: [Float], dy: [Float]
  ) {
    let (input, output) = (geometry.input, geometry.output(of: part))
    let (kernel, stride, pad) = (geometry.kernel, geometry.stride, geometry.padding)
    var y = [Double](repeating: 0, count: clips * output.channels * output.pixels)
    var dx = [Double](repeating: 0, count: x.count)
    var dWeights = [Double](repeating: 0, count: weights.count)
    func source(_ out: Int, _ tap: Int, _ stride: Int, _ pad: Int, _ size: Int) -> Int? {
      let at = out * stride + tap - pad
      return at >= 0 && at < size ? at : nil
    }
    for n in 0..<clips {
      for k in 0..<output.channels {
        for p in 0..<output.pixels {
          let t = p / output.framePixels * part.temporalStride
          let (h, w) = (p % output.framePixels / output.width, p % output.width)
          let outIndex = (n * output.channels + k) * output.pixels + p
          for tap in 0..<kernel.volume {
            let (a, rest) = (tap / (kernel.h * kernel.w), tap % (kernel.h * kernel.w))
            guard let it = source(t, a, stride.t, pad.t, input.frames),
              let ih = source(h, rest / kernel.w, stride.h, pad.h, input.height),
              let iw = source(w, rest % kernel.w, stride.w, pad.w, input.width)
            else { continue }
            for c in 0..<input.channels {
              let inIndex =
                (n * input.channels + c) * input.pixels
                + (it * input.height + ih) * input.width + iw
              let weightIndex = (k * input.channels + c) * kernel.volume + tap
              y[outIndex] += Double(x[inIndex]) * Double(weights[weightIndex])
              dx[inIndex] += Double(dy[outIndex]) * Double(weights[weightIndex])
              dWeights[weightIndex] += Double(dy[outIndex]) * Double(x[inIndex])
            }
          }
        }
      }
    }
    self.y = y.map(Float.init)
    self.dx = dx.map(Float.init)
    self.dWeights = dWeights.map(Float.init)
  }
}
