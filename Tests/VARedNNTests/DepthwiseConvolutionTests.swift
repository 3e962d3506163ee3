// Depthwise convolutions against a direct sum.

import CKernels
import TestSupport
import Testing

@testable import VARedNN

@Suite struct DepthwiseConvolutionTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let channels: Int
    let frames: Int
    let height: Int
    let width: Int
    var kernel = Extent(3, 3, 3)
    var stride = 1
    var input: ActivationShape {
      ActivationShape(channels: channels, frames: frames, height: height, width: width)
    }
    var geometry: ConvolutionGeometry { .depthwise(input, kernel: kernel, stride: stride) }
    var testDescription: String {
      "\(channels)x\(frames)x\(height)x\(width) k\(kernel.t)x\(kernel.h) s\(stride)"
    }
  }

  /// Pieces of every length, more than one of them in a row, rows and frames at and next to the
  /// edges, more pixels than a batch of the weights' gradient.
  static let overSpace: [Case] = [1, 2].flatMap { stride in
    (Array(1...20) + [23, 41]).map {
      Case(channels: 20, frames: 3, height: max(1, 9 - $0), width: $0, stride: stride)
    } + [
      Case(channels: 54, frames: 4, height: 7, width: 7, stride: stride),
      Case(channels: 5, frames: 1, height: 6, width: 5, stride: stride),
      Case(channels: 16, frames: 2, height: 25, width: 46, stride: stride),
      Case(channels: 8, frames: 20, height: 4, width: 8, stride: stride),
      Case(channels: 9, frames: 3, height: 8, width: 9, kernel: Extent(1, 3, 3), stride: stride),
    ]
  }

  static let overTime: [Case] = [
    Case(channels: 24, frames: 6, height: 9, width: 11, kernel: Extent(5, 1, 1)),
    Case(channels: 3, frames: 2, height: 1, width: 3, kernel: Extent(5, 1, 1)),
    Case(channels: 17, frames: 1, height: 8, width: 8, kernel: Extent(5, 1, 1)),
    Case(channels: 16, frames: 5, height: 13, width: 10, kernel: Extent(3, 1, 1)),
  ]

  /// What a layer makes of some of the clips that every test has.
  private struct Pass {
    let y: [Float]
    let dx: [Float]
    let moments: [Double]
    let dWeights: [Float]
    let weights: [Float]
    let x: [Float]
    let dy: [Float]
    let output: ActivationShape

    init(_ test: Case, clips: Range<Int>, clipsPerStep: Int? = nil) {
      let (n, input) = (clips.count, test.input)
      let context = LayerContext(batch: n, clipsPerStep: clipsPerStep)
      let layer = DepthwiseConvolution(test.geometry, name: "conv", context: context)
      context.parameters.allocate(seed: 3, clipsPerStep: clipsPerStep)
      output = layer.output
      func values(_ shape: ActivationShape, _ name: String) -> [Float] {
        clips.flatMap { normals(shape.channels * shape.pixels, "\(name)\($0)") }
      }
      (x, dy) = (values(input, "x"), values(output, "dy"))
      let maps = [input, output, input, output].map { FloatBuffer(n * $0.clipFloats) }
      for (map, blocked) in zip(
        maps, [Blocked.from(x, input, clips: n), Blocked.from(dy, output, clips: n)])
      {
        map.base.update(from: blocked, count: blocked.count)
      }
      for map in maps[2...] { map.all.update(repeating: .nan) }
      var sums = [Double](repeating: .nan, count: n * output.blocks * 2 * ChannelBlock.lanes)
      let blockedX = maps[0].clips(input, n).reading
      layer.forward(blockedX, into: maps[3].clips(output, n), moments: &sums)
      layer.backward(blockedX, maps[1].clips(output, n).reading, into: maps[2].clips(input, n))
      moments = sums
      (y, dx) = withExtendedLifetime(maps) { (Array(maps[3].all), Array(maps[2].all)) }
      let parameters = context.parameters
      parameters.takeFixedPoint()
      weights = parameters.logical(parameters.entries[0], of: parameters.values)
      dWeights = parameters.logical(parameters.entries[0], of: parameters.gradients)
    }
  }

  @Test(arguments: overSpace + overTime) func equalsDirectSum(_ test: Case) {
    let pass = Pass(test, clips: 0..<2)
    let direct = DirectDepthwise(
      test, pass.output, clips: 2, x: pass.x, weights: pass.weights, dy: pass.dy)
    expectClose(Blocked.plain(pass.y, pass.output, clips: 2), direct.y, rtol: 1e-5, "y")
    expectClose(Blocked.plain(pass.dx, test.input, clips: 2), direct.dx, rtol: 1e-5, "dx")
    expectClose(pass.dWeights, direct.dWeights, rtol: 1e-5, "dWeights")
    // Padding stays zero.
    let padded = 2 * (pass.output.blocks * ChannelBlock.lanes - test.channels)
    #expect(pass.y.count { $0 == 0 } >= padded * pass.output.pixels)
    #expect(pass.y.allSatisfy(\.isFinite) && pass.dx.allSatisfy(\.isFinite))
  }

  @Test(arguments: [overSpace[6], overSpace[30], overTime[0]])
  func momentsAreThoseOfTheOutput(_ test: Case) {
    let pass = Pass(test, clips: 0..<2)
    let lanes = ChannelBlock.lanes
    for item in 0..<2 * pass.output.blocks {
      let values = pass.y[item * pass.output.blockFloats..<(item + 1) * pass.output.blockFloats]
      for lane in 0..<lanes {
        let own = stride(from: values.startIndex + lane, to: values.endIndex, by: lanes)
          .map { Double(values[$0]) }
        let found = pass.moments[item * 2 * lanes + lane]
        let squares = pass.moments[item * 2 * lanes + lanes + lane]
        let scale = own.reduce(0) { $0 + $1 * $1 }
        #expect(abs(found - own.reduce(0, +)) <= 1e-5 * (1 + scale), "item \(item), lane \(lane)")
        #expect(abs(squares - scale) <= 1e-5 * (1 + scale), "item \(item), lane \(lane)")
      }
    }
  }

  /// The same bits, however the work is spread, and in what company a clip is.
  @Test(arguments: [overSpace[6], overSpace[30], overTime[0]])
  func threadsAndTheBatchDoNotMatter(_ test: Case) {
    let passes = [1, 2, 3].map { threads in
      Parallel.setThreads(threads)
      defer { Parallel.setThreads(1) }
      return Pass(test, clips: 0..<2)
    }
    for other in passes.dropFirst() {
      #expect(other.y == passes[0].y && other.dx == passes[0].dx)
      #expect(other.dWeights == passes[0].dWeights && other.moments == passes[0].moments)
    }
    let second = Pass(test, clips: 1..<2)
    #expect(Array(passes[0].y[(passes[0].y.count / 2)...]) == second.y)
    #expect(Array(passes[0].dx[(passes[0].dx.count / 2)...]) == second.dx)
    // Sums in fixed point are those of the clips by themselves.
    let (both, first) = (
      Pass(test, clips: 0..<2, clipsPerStep: 2), Pass(test, clips: 0..<1, clipsPerStep: 2)
    )
    let alone = Pass(test, clips: 1..<2, clipsPerStep: 2)
    expectClose(
      both.dWeights, zip(first.dWeights, alone.dWeights).map { $0 + $1 }, rtol: 1e-6, "fixed point")
  }

  struct Part: CustomTestStringConvertible, Sendable {
    let test: Case
    let channels: Int
    let stride: Int
    var testDescription: String { "\(test.testDescription), \(channels) at every \(stride)." }

    /// Whether the value at `index` of clips of `whole`, in the plain order, is of the part.
    func includes(_ index: Int, of whole: ActivationShape) -> Bool {
      let frame = index / whole.framePixels
      return frame / whole.frames % whole.channels < channels
        && frame % whole.frames % stride == 0
    }

    /// Those that are.
    func taken(of values: [Float], _ whole: ActivationShape) -> [Float] {
      values.indices.filter { includes($0, of: whole) }.map { values[$0] }
    }
  }

  static let parts: [Part] = [1, 2].flatMap { stride in
    [(54, 2), (32, 1), (16, 4), (32, 2), (54, 8)].map {
      Part(
        test: Case(channels: 54, frames: 7, height: 6, width: 9, stride: stride), channels: $0.0,
        stride: $0.1)
    } + [
      Part(
        test: Case(channels: 40, frames: 4, height: 5, width: 5, stride: stride), channels: 32,
        stride: 2)
    ]
  }

  /// A part is those channels and frames of the whole, and its gradients those of a gradient that
  /// is zero elsewhere; what is not of the part is not read.
  @Test(arguments: parts, [nil, 2]) func aPartIsPartOfTheWhole(_ part: Part, clipsPerStep: Int?) {
    let whole = Pass(part.test, clips: 0..<2)
    let pass = PartPass(part, of: whole, clipsPerStep: clipsPerStep)
    let masked = whole.dy.indices.map { part.includes($0, of: whole.output) ? whole.dy[$0] : 0 }
    let direct = DirectDepthwise(
      part.test, whole.output, clips: 2, x: whole.x, weights: whole.weights, dy: masked)
    let y = part.taken(of: Blocked.plain(whole.y, whole.output, clips: 2), whole.output)
    expectClose(pass.y, y, rtol: 1e-6, "y")
    expectClose(pass.dx, direct.dx, rtol: 1e-5, "dx")
    let rows = part.channels * part.test.kernel.volume
    expectClose(
      Array(pass.dWeights[..<rows]), Array(direct.dWeights[..<rows]), rtol: 1e-5, "dWeights")
  }

  /// What a layer makes of a part of two clips.
  private struct PartPass {
    let y: [Float]
    let dx: [Float]
    let dWeights: [Float]

    init(_ part: Part, of whole: Pass, clipsPerStep: Int?) {
      let (context, n) = (LayerContext(batch: 2, clipsPerStep: clipsPerStep), 2)
      let layer = DepthwiseConvolution(part.test.geometry, name: "conv", context: context)
      let parameters = context.parameters
      parameters.allocate(seed: 3, clipsPerStep: clipsPerStep)
      let computed = ConvolutionPart(channels: part.channels, temporalStride: part.stride)
      let (input, output) = (layer.input, layer.geometry.output(of: computed))
      let maps = [input, output, input, output].map { FloatBuffer(n * $0.clipFloats) }
      let (x, dy) = (maps[0].clips(input, n), maps[1].clips(output, n))
      for (map, values) in zip(
        [x, dy],
        [
          Blocked.from(whole.x, input, clips: n),
          Blocked.from(part.taken(of: whole.dy, whole.output), output, clips: n),
        ])
      {
        map.base.update(from: values, count: values.count)
      }
      for map in maps[2...] { map.all.update(repeating: .nan) }
      layer.forward(x.reading, part: computed, into: maps[3].clips(output, n))
      layer.backwardData(dy.reading, part: computed, into: maps[2].clips(input, n))
      layer.backwardWeights(clips: n, part: computed, affine: nil, accumulate: false) {
        (x.reading.clip($0), dy.reading.clip($0))
      }
      (y, dx) = withExtendedLifetime(maps) {
        (
          Blocked.plain(maps[3].base, output, clips: n),
          Blocked.plain(maps[2].base, input, clips: n)
        )
      }
      parameters.takeFixedPoint()
      dWeights = parameters.logical(parameters.entries[0], of: parameters.gradients)
    }
  }

  /// The input normalized and rectified again on the way, against the kept one: bit for bit, of
  /// parts and item by item.
  @Test(arguments: parts) func inputComputedAgainEqualsKeptInput(_ part: Part) throws {
    let (clips, context) = (2, LayerContext(batch: 2))
    let layer = DepthwiseConvolution(part.test.geometry, name: "conv", context: context)
    let norm = BatchNorm(layer.input, name: "bn", before: .relu, context: context)
    context.parameters.allocate(seed: 3)
    let computed = ConvolutionPart(channels: part.channels, temporalStride: part.stride)
    let output = layer.geometry.output(of: computed)
    func blocked(_ shape: ActivationShape, _ name: String) -> [Float] {
      Blocked.from(normals(clips * shape.channels * shape.pixels, name), shape, clips: clips)
    }
    let (raw, plainDY) = (blocked(layer.input, "x"), blocked(output, "dy"))
    try norm.takeStatistics(of: raw, clips: clips)
    let kept = FeatureMap(layer.input, batch: clips)
    norm.apply(raw, clips: clips, into: kept)
    let (x, dy) = (FloatBuffer(raw.count), FloatBuffer(plainDY.count))
    x.base.update(from: raw, count: raw.count)
    dy.base.update(from: plainDY, count: plainDY.count)
    let ways = [
      ConvolutionInput(kept.clips(clips)),
      ConvolutionInput(x.clips(layer.input, clips).reading, affine: norm.affine),
    ]
    let gradients = ways.map { way in
      layer.backwardWeights(clips: clips, part: computed, affine: way.affine, accumulate: false) {
        (way.clips.clip($0), dy.clips(output, clips).reading.clip($0))
      }
      let rows = part.channels * part.test.kernel.volume
      return context.parameters.logical(
        context.parameters.entries[0], of: context.parameters.gradients)[..<rows]
    }
    #expect(gradients[0] == gradients[1] && gradients[0].contains { $0 != 0 })
    let memory = FloatBuffer(layer.input.blockFloats)
    for item in 0..<clips * layer.input.blocks {
      let items = ways.map {
        Array(UnsafeBufferPointer(start: $0.item(item, in: memory.base), count: memory.count))
      }
      #expect(items[0] == items[1])
    }
    withExtendedLifetime((x, dy)) {}
  }

  /// A kernel for one pixel more than there is would read beyond the rows; what is not a number
  /// must not come from there, and must come from within.
  @Test func notANumberSpreadsToItsNeighbours() {
    let test = Case(channels: 8, frames: 1, height: 3, width: 9, kernel: Extent(1, 3, 3))
    let context = LayerContext(batch: 1)
    let layer = DepthwiseConvolution(test.geometry, name: "conv", context: context)
    context.parameters.allocate(seed: 1)
    let (x, y) = (FloatBuffer(test.input.clipFloats), FloatBuffer(test.input.clipFloats))
    let lanes = ChannelBlock.lanes
    // The last pixel of the first row.
    x.base[8 * lanes] = .nan
    layer.forward(x.base, item: 0, frames: 0..<1, into: y.base, streamed: false)
    let wrong = withExtendedLifetime((x, y)) { (0..<27).filter { y.base[$0 * lanes].isNaN } }
    #expect(wrong == [7, 8, 16, 17])
  }
}

/// A depthwise convolution's definition, written as the sum that it is, in double precision.
private struct DirectDepthwise {
  let y: [Float]
  let dx: [Float]
  let dWeights: [Float]

  init(
    _ test: DepthwiseConvolutionTests.Case, _ output: ActivationShape, clips: Int, x: [Float],
    weights: [Float], dy: [Float]
  ) {
    let (input, kernel) = (test.input, test.kernel)
    var y = [Double](repeating: 0, count: dy.count)
    var dx = [Double](repeating: 0, count: x.count)
    var dWeights = [Double](repeating: 0, count: weights.count)
    func source(_ out: Int, _ tap: Int, _ stride: Int, _ kernel: Int, _ size: Int) -> Int? {
      let at = out * stride + tap - kernel / 2
      return at >= 0 && at < size ? at : nil
    }
    for plane in 0..<clips * test.channels {
      let channel = plane % test.channels
      for p in 0..<output.pixels {
        let (t, pixel) = (p / output.framePixels, p % output.framePixels)
        for tap in 0..<kernel.volume {
          let (a, rest) = (tap / (kernel.h * kernel.w), tap % (kernel.h * kernel.w))
          guard let it = source(t, a, 1, kernel.t, input.frames),
            let ih = source(
              pixel / output.width, rest / kernel.w, test.stride, kernel.h, input.height),
            let iw = source(
              pixel % output.width, rest % kernel.w, test.stride, kernel.w, input.width)
          else { continue }
          let from = plane * input.pixels + (it * input.height + ih) * input.width + iw
          let (to, weight) = (plane * output.pixels + p, channel * kernel.volume + tap)
          y[to] += Double(x[from]) * Double(weights[weight])
          dx[from] += Double(dy[to]) * Double(weights[weight])
          dWeights[weight] += Double(dy[to]) * Double(x[from])
        }
      }
    }
    (self.y, self.dx, self.dWeights) = (
      y.map(Float.init), dx.map(Float.init), dWeights.map(Float.init)
    )
  }
}
