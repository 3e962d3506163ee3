// A dynamic depthwise convolution with what follows it in a block, before a dynamic 1×1×1 whose
// gate reads its swish: the gradients of all of it against central differences.

import TestSupport
import Testing

@testable import VARedNN

@Suite struct DynamicDepthwiseTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let excitation: Bool
    let stride: Int
    var motionEnergy = false
    var form = GateForm.normalized
    /// Biases of both gates' outputs; they decide which candidates are open.
    var biases: [Float] = [0, 0.1, 0.5, 0.1, 0, 0.4]
    var allOpen: Bool { biases.allSatisfy { $0 == 1 } }
    var testDescription: String {
      "\(excitation ? "excitation " : "")s\(stride) \(form.rawValue) "
        + "\(motionEnergy ? "motion " : "")β \(biases)"
    }
  }

  static let cases: [Case] = [false, true].flatMap { excitation in
    [
      Case(excitation: excitation, stride: 1, biases: [1, 1, 1, 1, 1, 1]),
      Case(excitation: excitation, stride: 2, motionEnergy: true),
      Case(excitation: excitation, stride: 1, form: .published),
      Case(excitation: excitation, stride: 1, form: .sparsemax),
    ]
  }

  /// The two units, with a loss that is linear in their output and in both ρ.
  final class Bench {
    let clips = 4
    let context: NetworkContext
    let x: FeatureMap
    var plainX: [Float]
    let depthwise: DepthwiseUnit
    let reduction: ConvolutionUnit
    private let lossWeights: FloatBuffer
    private let costWeights = [3.0, -2, 5, 1]
    private let buffers: GradientBuffers
    var parameters: Parameters { context.parameters }
    var layers: [DynamicConvolution] { context.dynamicLayers.map(\.layer) }

    init(_ test: Case, clipsPerStep: Int? = nil) {
      var dynamic = DynamicConfiguration()
      (dynamic.temporalCandidates, dynamic.channelCandidates) = (3, 3)
      (dynamic.gateForm, dynamic.gateHidden) = (test.form, 6)
      dynamic.motionEnergy = test.motionEnergy
      context = NetworkContext(
        batch: clips, dynamic: dynamic, reducer: nil, clipsPerStep: clipsPerStep)
      x = context.featureMap(ActivationShape(channels: 72, frames: 5, height: 6, width: 5))
      depthwise = DepthwiseUnit(
        of: x, stride: test.stride, name: "b", normName: "bn",
        excitation: test.excitation ? ("se", 8) : nil, context)
      reduction = ConvolutionUnit(
        .init(
          input: .map(depthwise.output), channels: 40, kernel: Extent(1, 1, 1), name: "c",
          normName: "cn"), context)
      context.parameters.allocate(seed: 5, clipsPerStep: clipsPerStep)
      buffers = GradientBuffers(
        batch: clips, largest: context.largestMap, mostMeans: context.mostMeans,
        in: context.layers.workspace)
      plainX = normals(clips * 72 * x.shape.pixels, "x")
      // Clips of different brightness, so that their gates differ.
      for i in plainX.indices { plainX[i] += 0.5 * Float(i / (72 * x.shape.pixels)) - 1 }
      let (output, count) = (reduction.output.shape, 40 * reduction.output.shape.pixels)
      let weights = Blocked.from(normals(clips * count, "r"), output, clips: clips)
      lossWeights = FloatBuffer(weights.count)
      lossWeights.base.update(from: weights, count: weights.count)
      draw(biases: test.biases)
      for (_, layer, input) in context.dynamicLayers {
        layer.costTerms.full = 1
        input.motion?.isWanted = true
      }
    }

    private func draw(biases: [Float]) {
      for entry in parameters.entries {
        let drawn = normals(entry.shape.reduce(1, *), entry.name)
        let values: [Float]? =
          switch entry.name {
          case let name where name.hasSuffix("fc1.weight"): drawn.map { 0.1 * $0 }
          case let name where name.hasSuffix("fc2.weight"): drawn.map { 0.2 * $0 }
          case let name where name.hasSuffix("fc2.bias"): biases
          case let name where name.contains("phi"): drawn.map { 0.4 * $0 }
          case let name where name.hasPrefix("se"): drawn.map { 0.3 * $0 }
          // Hardly a ReLU closes: what is left of kinks are those of the gates.
          case "cn.bias": drawn.map { 4 + 0.1 * $0 }
          default: nil
          }
        if let values { parameters.setLogical(entry, in: parameters.values, values) }
      }
    }

    func loss() throws -> Double {
      x.set(plainX, clips: clips)
      try depthwise.forward(clips: clips, training: true)
      try reduction.forward(clips: clips, training: true, residual: nil)
      var loss = (0..<lossWeights.count).reduce(0.0) {
        $0 + Double(reduction.output.data[$1]) * Double(lossWeights.base[$1])
      }
      for layer in layers {
        for clip in 0..<clips { loss += costWeights[clip] * Double(layer.cost(clip: clip).ratio) }
      }
      return loss
    }

    /// The gradient of `x`, in the plain layout.
    func backward() throws -> [Float] {
      _ = try loss()
      let pass = BackwardPass(clips: clips, costGradient: costWeights, buffers: buffers)
      let dy = BlockedClips(lossWeights.base, reduction.output.shape, count: clips)
      let between = try reduction.backward(IncomingGradient(first: dy), pass, shortcut: nil)
      let incoming = try depthwise.backward(between, pass) { _ in }
      guard let dx = incoming.first, let means = incoming.means else { return [] }
      var plain = Blocked.plain(dx.base, x.shape, clips: clips)
      for i in plain.indices { plain[i] += means[i / x.shape.framePixels] }
      return plain
    }

    var gradients: [[Float]] {
      parameters.takeFixedPoint()
      return parameters.entries.map { parameters.logical($0, of: parameters.gradients) }
    }
  }

  @Test(arguments: cases) func gradients(_ test: Case) throws {
    let bench = Bench(test)
    let (dx, parameters) = (try bench.backward(), bench.parameters)
    let gradients = bench.gradients
    try withCopy(of: bench.plainX) { values in
      try checkGradient("x", of: values, gradient: dx, samples: 40, step: 4e-3) {
        bench.plainX = Array(values)
      } loss: {
        try bench.loss()
      }
    }
    for (entry, gradient) in zip(parameters.entries, gradients) {
      guard gradient.contains(where: { $0 != 0 }) else {
        #expect(!test.allOpen && entry.name.contains("phi"), "\(entry.name): no gradient")
        continue
      }
      try withCopy(of: parameters.logical(entry, of: parameters.values)) { values in
        try checkGradient(entry.name, of: values, gradient: gradient, step: 4e-3) {
          parameters.setLogical(entry, in: parameters.values, Array(values))
        } loss: {
          try bench.loss()
        }
      }
    }
    // Two convolutions, their norms and gates, and the cheap operations of both.
    let shared = 2 * (1 + 2 + 5 + 4)
    #expect(parameters.entries.count == shared + (test.excitation ? 4 : 0))
  }

  /// Random candidates: clips computed whole beside clips that are mixed. And sums in fixed point
  /// are the same gradients.
  @Test(arguments: cases) func drawnPoliciesInFixedPoint(_ test: Case) throws {
    let passes = try [nil, 4].map { clipsPerStep in
      let bench = Bench(test, clipsPerStep: clipsPerStep)
      for layer in bench.layers {
        layer.source = .drawn(CandidateDraws(keys: [nil, 3, 1, 2]))
      }
      let dx = try bench.backward()
      #expect(Set((0..<4).map { bench.layers[0].gate.policy.part($0) }).count > 1)
      return (dx: dx, gradients: bench.gradients, names: bench.parameters.entries.map(\.name))
    }
    expectClose(passes[1].dx, passes[0].dx, rtol: 1e-5, "dx")
    for (i, name) in passes[0].names.enumerated() {
      expectClose(passes[1].gradients[i], passes[0].gradients[i], rtol: 1e-5, name)
    }
  }

  /// Whoever computes what: the sums are the same, bit for bit.
  @Test(arguments: cases) func threadsDoNotMatter(_ test: Case) throws {
    let passes = try [1, 3].map { threads in
      Parallel.setThreads(threads)
      defer { Parallel.setThreads(1) }
      let bench = Bench(test)
      return (dx: try bench.backward(), gradients: bench.gradients)
    }
    #expect(passes[0].dx == passes[1].dx && passes[0].gradients == passes[1].gradients)
  }
}
