// The whole dynamic layer, gate included, against central differences, and what it executes against
// what is counted.

import TestSupport
import Testing

@testable import VARedNN

@Suite struct DynamicConvolutionTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let temporal: Int
    let channel: Int
    let form: GateForm
    let kernel: Extent
    let stride: Extent
    let frames: Int
    let outChannels: Int
    /// Biases of the gate's outputs; they decide which candidates are open.
    let biases: [Float]
    var motionEnergy = false
    var cost = CostForm.linear
    var temperature: Float = 1
    var isDepthwise = false
    /// Shares of a layer's seconds, of every pair of candidates; nil: costs are MACs.
    var seconds: [Double]?
    var geometry: ConvolutionGeometry {
      let input = ActivationShape(
        channels: isDepthwise ? outChannels : 20, frames: frames, height: 8, width: 7)
      return isDepthwise
        ? .depthwise(input, kernel: kernel, stride: stride.h)
        : ConvolutionGeometry(
          input: input, outChannels: outChannels, kernel: kernel, stride: stride)
    }
    var testDescription: String {
      "St \(temporal) Sc \(channel) \(form.rawValue) \(isDepthwise ? "depthwise " : "")"
        + "k\(kernel.t)x\(kernel.h) T\(frames) "
        + "K\(outChannels) β \(biases) \(motionEnergy ? "motion energy " : "")\(cost)"
        + (seconds == nil ? "" : " in seconds")
    }
  }

  static let cases: [Case] = [
    Case(
      temporal: 2, channel: 2, form: .normalized, kernel: Extent(1, 3, 3), stride: Extent(1, 1, 1),
      frames: 4, outChannels: 40, biases: [1, 1, 1, 1]),
    Case(
      temporal: 2, channel: 2, form: .normalized, kernel: Extent(3, 1, 1), stride: Extent(1, 1, 1),
      frames: 5, outChannels: 40, biases: [0, 0.2, 0.1, 0.1]),
    Case(
      temporal: 3, channel: 3, form: .published, kernel: Extent(1, 3, 3), stride: Extent(1, 2, 2),
      frames: 5, outChannels: 72, biases: [0, 0.1, 0.5, 0.1, 0, 0.4]),
    Case(
      temporal: 3, channel: 2, form: .published, kernel: Extent(3, 1, 1), stride: Extent(2, 1, 1),
      frames: 8, outChannels: 32, biases: [0.1, 0.1, 0.3, 0, 0.3]),
    Case(
      temporal: 1, channel: 1, form: .published, kernel: Extent(1, 3, 3), stride: Extent(1, 1, 1),
      frames: 2, outChannels: 16, biases: [0.7, 0.7]),
    Case(
      temporal: 2, channel: 3, form: .normalized, kernel: Extent(1, 3, 3), stride: Extent(1, 1, 1),
      frames: 3, outChannels: 64, biases: [-3, 0.5, -3, 0.2, 0.2]),
    Case(
      temporal: 3, channel: 3, form: .normalized, kernel: Extent(1, 3, 3), stride: Extent(1, 1, 1),
      frames: 5, outChannels: 72, biases: [0, 0.1, 0.5, 0.1, 0, 0.4], motionEnergy: true),
    Case(
      temporal: 3, channel: 2, form: .published, kernel: Extent(3, 1, 1), stride: Extent(2, 1, 1),
      frames: 8, outChannels: 32, biases: [0.1, 0.1, 0.3, 0, 0.3], motionEnergy: true,
      cost: .saturating(kappa: 1)),
    Case(
      temporal: 3, channel: 3, form: .normalized, kernel: Extent(3, 1, 1), stride: Extent(1, 1, 1),
      frames: 5, outChannels: 72, biases: [0, 0.2, 0.3, 0.1, 0.1, 0.2],
      cost: .saturating(kappa: 0.5)),
    // 8 blocks, of which 4 and 2 are computed, both at once or for every clip the 2.
    Case(
      temporal: 2, channel: 3, form: .normalized, kernel: Extent(1, 3, 3), stride: Extent(1, 1, 1),
      frames: 3, outChannels: 128, biases: [0.2, 0.2, 0.1, 0.5, 0.5]),
    Case(
      temporal: 1, channel: 3, form: .published, kernel: Extent(3, 1, 1), stride: Extent(1, 1, 1),
      frames: 3, outChannels: 128, biases: [0.7, -3, -3, 0.6]),
    // Most candidates open; few; one alone along channels.
    Case(
      temporal: 3, channel: 3, form: .sparsemax, kernel: Extent(1, 3, 3), stride: Extent(1, 1, 1),
      frames: 5, outChannels: 72, biases: [0, 0.1, 0.5, 0.1, 0, 0.4], temperature: 1.5),
    Case(
      temporal: 3, channel: 2, form: .sparsemax, kernel: Extent(3, 1, 1), stride: Extent(2, 1, 1),
      frames: 8, outChannels: 32, biases: [0.1, 0.1, 0.35, 0, 0.3], motionEnergy: true,
      cost: .saturating(kappa: 1), temperature: 0.5),
    Case(
      temporal: 3, channel: 2, form: .sparsemax, kernel: Extent(1, 3, 3), stride: Extent(1, 1, 1),
      frames: 8, outChannels: 40, biases: [0.1, 0.1, 0.3, -3, 3], temperature: 0.7),
    // Depthwise: several candidates open, and few; all three strides.
    Case(
      temporal: 2, channel: 2, form: .normalized, kernel: Extent(3, 3, 3), stride: Extent(1, 1, 1),
      frames: 4, outChannels: 54, biases: [1, 1, 1, 1], isDepthwise: true),
    Case(
      temporal: 3, channel: 3, form: .normalized, kernel: Extent(3, 3, 3), stride: Extent(1, 2, 2),
      frames: 5, outChannels: 72, biases: [0, 0.1, 0.5, 0.1, 0, 0.4], motionEnergy: true,
      isDepthwise: true),
    Case(
      temporal: 3, channel: 3, form: .published, kernel: Extent(3, 3, 3), stride: Extent(1, 1, 1),
      frames: 6, outChannels: 108, biases: [0, 0.1, 0.5, 0.1, 0, 0.4],
      cost: .saturating(kappa: 1), isDepthwise: true),
    Case(
      temporal: 3, channel: 2, form: .sparsemax, kernel: Extent(3, 3, 3), stride: Extent(1, 1, 1),
      frames: 8, outChannels: 40, biases: [0.1, 0.1, 0.35, 0, 0.3], temperature: 0.5,
      isDepthwise: true),
    // Costs in seconds, in which pairs are no products.
    Case(
      temporal: 3, channel: 2, form: .normalized, kernel: Extent(1, 3, 3), stride: Extent(1, 1, 1),
      frames: 5, outChannels: 40, biases: [0.1, 0.2, 0.5, 0.3, 0.4],
      seconds: [1, 0.8, 0.7, 0.65, 0.6, 0.3]),
    Case(
      temporal: 2, channel: 2, form: .sparsemax, kernel: Extent(3, 1, 1), stride: Extent(1, 1, 1),
      frames: 4, outChannels: 40, biases: [0.1, 0.4, 0.2, 0.3], cost: .saturating(kappa: 0.5),
      temperature: 1.5, seconds: [1, 0.9, 0.6, 0.2]),
  ]

  /// One dynamic layer with its input and a loss that is linear in the output and in ρ.
  final class Bench {
    let clips = 5
    let context: LayerContext
    let layer: DynamicConvolution
    let x: FeatureMap
    var plainX: [Float]
    let lossWeights: [Float]
    let costWeights: [Float] = [3, -2, 5, 1, 4]
    var y: [Float]
    var geometry: ConvolutionGeometry { layer.convolution.geometry }

    init(_ test: Case) {
      var dynamic = DynamicConfiguration()
      dynamic.temporalCandidates = test.temporal
      dynamic.channelCandidates = test.channel
      dynamic.gateForm = test.form
      dynamic.gateHidden = 6
      dynamic.motionEnergy = test.motionEnergy
      dynamic.cost = test.cost
      context = LayerContext(batch: clips)
      let geometry = test.geometry
      let space = PolicySpace(dynamic, output: geometry.output)
      layer = DynamicConvolution(
        geometry, space: space,
        seconds: test.seconds.map {
          LayerSeconds(
            name: "conv", temporalStrides: space.temporalStrides,
            channelCounts: space.channelCounts, seconds: $0, gate: 0, term: 0)
        }, name: "conv", configuration: dynamic, context: context)
      let parameters = context.parameters
      parameters.allocate(seed: 5)
      for entry in parameters.entries {
        let count = entry.shape.reduce(1, *)
        let drawn = normals(count, entry.name)
        switch entry.name {
        case "conv.gate.fc1.weight":
          parameters.setLogical(entry, in: parameters.values, drawn.map { 0.1 * $0 })
        case "conv.gate.fc2.weight":
          parameters.setLogical(entry, in: parameters.values, drawn.map { 0.4 * $0 })
        case "conv.gate.fc2.bias":
          parameters.setLogical(entry, in: parameters.values, test.biases)
        case let name where name.contains("phi"):
          parameters.setLogical(entry, in: parameters.values, drawn.map { 0.4 * $0 })
        default: break
        }
      }
      layer.gate.temperature = test.temperature
      let clipValues = geometry.input.channels * geometry.input.pixels
      plainX = normals(clips * clipValues, "x")
      // Clips of different brightness, so that their gates differ.
      for i in plainX.indices { plainX[i] += Float(i / clipValues) - 2 }
      x = FeatureMap(geometry.input, batch: clips, motion: Scratch())
      lossWeights = Blocked.from(
        normals(clips * test.outChannels * geometry.output.pixels, "r"), geometry.output,
        clips: clips)
      y = [Float](repeating: .nan, count: clips * geometry.output.clipFloats)
    }

    func loss() throws -> Double {
      x.set(plainX, clips: clips)
      try layer.forward(x, clips: clips, training: true, into: &y)
      layer.writeAll(clips: clips, into: &y)
      var loss = (0..<y.count).reduce(0.0) { $0 + Double(y[$1]) * Double(lossWeights[$1]) }
      for clip in 0..<clips {
        loss += Double(costWeights[clip]) * Double(layer.cost(clip: clip).ratio)
      }
      return loss
    }

    /// The gradient of `x`, in the plain layout.
    func backward() throws -> [Float] {
      _ = try loss()
      var dx = [Float](repeating: .nan, count: clips * geometry.input.clipFloats)
      var dMeans = [Float](repeating: .nan, count: clips * geometry.input.meanCount)
      var df = [Float](repeating: .nan, count: clips * geometry.output.clipFloats)
      try dx.withUnsafeMutableBufferPointer { dx in
        try layer.backward(
          GivenGradient(lossWeights, geometry.output), x: x.asInput(clips),
          costGradient: CostGradient(network: costWeights.map(Double.init), share: 1),
          computed: &df, into: MutableBlockedClips(dx.baseAddress!, geometry.input, count: clips),
          dMeans: &dMeans)
      }
      var plain = Blocked.plain(dx, geometry.input, clips: clips)
      for i in plain.indices { plain[i] += dMeans[i / geometry.input.framePixels] }
      return plain
    }
  }

  /// Clips convolved where they lie, and copied together first. Clips 0, 1 and 3 are computed
  /// whole, 2 and 4 as drawn.
  @Test(arguments: cases) func copyingDoesNotMatter(_ test: Case) throws {
    let passes = try [0, Int.max].map { bytes in
      let bench = Bench(test)
      bench.layer.uncopiedBytes = bytes
      bench.layer.source = .drawn(CandidateDraws(keys: [nil, nil, 1, nil, 1]))
      let dx = try bench.backward()
      bench.layer.writeAll(clips: bench.clips, into: &bench.y)
      return (y: bench.y, dx: dx, gradients: Array(bench.context.parameters.gradients))
    }
    expectClose(passes[0].y, passes[1].y, rtol: 1e-5, "y")
    expectClose(passes[0].dx, passes[1].dx, rtol: 1e-5, "dx")
    expectClose(passes[0].gradients, passes[1].gradients, rtol: 1e-5, "gradients")
  }

  /// Whoever computes what: the sums are the same, bit for bit.
  @Test(arguments: cases) func threadsDoNotMatter(_ test: Case) throws {
    let passes = try [1, 3].map { threads in
      Parallel.setThreads(threads)
      defer { Parallel.setThreads(1) }
      let bench = Bench(test)
      let dx = try bench.backward()
      return (y: bench.y, dx: dx, gradients: Array(bench.context.parameters.gradients))
    }
    #expect(passes[0].y == passes[1].y && passes[0].dx == passes[1].dx)
    #expect(passes[0].gradients == passes[1].gradients)
  }

  /// Clips that are computed whole beside clips that are mixed.
  @Test(arguments: cases) func gradientsOfDrawnPolicies(_ test: Case) throws {
    let bench = Bench(test)
    bench.layer.source = .drawn(CandidateDraws(keys: [nil, 3, 1, nil, 2]))
    try checkAllGradients(bench) { _ in }
  }

  @Test(arguments: cases) func gradients(_ test: Case) throws {
    let bench = Bench(test)
    try checkAllGradients(bench) {
      #expect(isClosed($0, bench), "\($0): no gradient, yet its candidate runs")
    }
  }

  /// The input's and every parameter's; those without any are told to `without`.
  private func checkAllGradients(_ bench: Bench, without: (String) -> Void) throws {
    let dx = try bench.backward()
    let parameters = bench.context.parameters
    let gradients = parameters.entries.map { parameters.logical($0, of: parameters.gradients) }
    try withCopy(of: bench.plainX) { values in
      try checkGradient("x", of: values, gradient: dx, samples: 40) {
        bench.plainX = Array(values)
      } loss: {
        try bench.loss()
      }
    }
    for (entry, gradient) in zip(parameters.entries, gradients) {
      guard gradient.contains(where: { $0 != 0 }) else {
        without(entry.name)
        continue
      }
      try withCopy(of: parameters.logical(entry, of: parameters.values)) { values in
        try checkGradient(entry.name, of: values, gradient: gradient) {
          parameters.setLogical(entry, in: parameters.values, Array(values))
        } loss: {
          try bench.loss()
        }
      }
    }
  }

  /// Whether a parameter may have no gradient: its candidate is closed for every clip, or the gate
  /// has no open choice.
  private func isClosed(_ name: String, _ bench: Bench) -> Bool {
    let policy = bench.layer.gate.policy
    let parts = name.split(separator: ".")
    guard let candidate = parts.last.flatMap({ Int($0) }) else {
      return name.contains("gate") && policy.space.candidates <= 2
    }
    let (weights, count) =
      name.contains("phi_t")
      ? (policy.temporal, policy.space.temporalStrides.count)
      : (policy.channel, policy.space.channelCounts.count)
    return (0..<bench.clips).allSatisfy { weights[$0 * count + candidate] == 0 }
  }

  @Test(arguments: cases) func executesWhatIsCounted(_ test: Case) throws {
    let bench = Bench(test)
    bench.context.counter.start()
    _ = try bench.loss()
    let counted = (0..<bench.clips).reduce(0) {
      $0 + ClipCost([bench.layer], clip: $1).macs
    }
    #expect(bench.context.counter.macs == counted)
  }

  /// The cases are worth something only if clips choose differently and some choices are closed.
  @Test func casesCoverOpenAndClosedCandidates() throws {
    var parts: Set<ConvolutionPart> = []
    var mixed = false
    for test in Self.cases {
      let bench = Bench(test)
      _ = try bench.loss()
      let own = Set((0..<bench.clips).map { bench.layer.gate.policy.part($0) })
      if own.count > 1 { mixed = true }
      parts.formUnion(own)
    }
    #expect(mixed, "in no case do clips choose differently")
    #expect(parts.contains { $0.temporalStride > 1 } && parts.contains { $0.temporalStride == 1 })
  }
}
