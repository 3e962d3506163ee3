// X3D as a user builds it: its size, its names, what it refuses.

import TestSupport
import Testing

@testable import VARedNN

@Suite struct X3DTests {
  private static func configuration(
    _ architecture: Architecture, frames: Int = 4, size: Int = 32, width: Double = 0.25,
    classes: Int = 3
  ) -> NetworkConfiguration {
    var configuration = NetworkConfiguration(classes: classes, frames: frames, size: size)
    (configuration.architecture, configuration.width) = (architecture, width)
    return configuration
  }

  /// Of XS, S and M, and of L: PyTorchVideo's parameters, and the multiply-accumulates of a clip
  /// that the paper calls GFLOPs. Memory is only reserved.
  @Test(arguments: [
    (Architecture.x3dM, 4, 160, 3.79, 0.60), (.x3dM, 13, 160, 3.79, 1.96),
    (.x3dM, 16, 224, 3.79, 4.73), (.x3dL, 16, 312, 6.15, 18.37),
  ])
  func publishedSizes(
    _ architecture: Architecture, _ frames: Int, _ size: Int, _ millions: Double, _ gmacs: Double
  ) throws {
    let network = try VideoNetwork(
      Self.configuration(architecture, frames: frames, size: size, width: 1, classes: 400),
      batch: 1, seed: 1, threads: 1)
    let count = network.parameters.entries.reduce(0) { $0 + $1.shape.reduce(1, *) }
    #expect((Double(count) / 1e4).rounded() / 100 == millions, "\(count)")
    #expect(abs(Double(network.fullMACs) / 1e9 / gmacs - 1) < 0.02, "\(network.fullMACs)")
  }

  /// Names and shapes of PyTorchVideo's `X3D_M.pyth`, a few of each kind.
  @Test func namesAreThoseOfThePublicWeights() throws {
    let network = try VideoNetwork(
      Self.configuration(.x3dM, width: 1, classes: 400), batch: 1, seed: 1, threads: 1)
    let shapes = Dictionary(
      uniqueKeysWithValues: network.parameters.entries.map { ($0.name, $0.shape) })
    let known: [String: [Int]] = [
      "blocks.0.conv.conv_t.weight": [24, 3, 1, 3, 3],
      "blocks.0.conv.conv_xy.weight": [24, 1, 5, 1, 1],
      "blocks.0.norm.bias": [24],
      "blocks.1.res_blocks.0.branch1_conv.weight": [24, 24, 1, 1, 1],
      "blocks.1.res_blocks.0.branch2.conv_a.weight": [54, 24, 1, 1, 1],
      "blocks.1.res_blocks.0.branch2.norm_a.weight": [54],
      "blocks.1.res_blocks.0.branch2.conv_b.weight": [54, 1, 3, 3, 3],
      "blocks.1.res_blocks.0.branch2.norm_b.0.weight": [54],
      "blocks.1.res_blocks.0.branch2.norm_b.1.block.0.weight": [8, 54, 1, 1, 1],
      "blocks.1.res_blocks.0.branch2.norm_b.1.block.0.bias": [8],
      "blocks.1.res_blocks.0.branch2.norm_b.1.block.2.weight": [54, 8, 1, 1, 1],
      "blocks.1.res_blocks.0.branch2.conv_c.weight": [24, 54, 1, 1, 1],
      "blocks.2.res_blocks.0.branch1_norm.weight": [48],
      "blocks.3.res_blocks.10.branch2.norm_b.1.block.0.weight": [16, 216, 1, 1, 1],
      "blocks.4.res_blocks.6.branch2.norm_b.1.block.2.bias": [432],
      "blocks.4.res_blocks.6.branch2.norm_c.weight": [192],
      "blocks.5.pool.pre_conv.weight": [432, 192, 1, 1, 1],
      "blocks.5.pool.pre_norm.weight": [432],
      "blocks.5.pool.post_conv.weight": [2048, 432, 1, 1, 1],
      "blocks.5.proj.weight": [400, 2048],
      "blocks.5.proj.bias": [400],
    ]
    for (name, shape) in known { #expect(shapes[name] == shape, "\(name)") }
    for absent in [
      "blocks.1.res_blocks.0.branch1_norm.weight", "blocks.1.res_blocks.1.branch1_conv.weight",
      "blocks.1.res_blocks.1.branch2.norm_b.1.block.0.weight",
      "blocks.4.res_blocks.7.branch2.conv_a.weight",
    ] {
      #expect(shapes[absent] == nil, "\(absent)")
    }
    #expect(
      Set(network.parameters.buffers.map(\.name)).isSuperset(of: [
        "blocks.0.norm.running_mean", "blocks.3.res_blocks.4.branch2.norm_b.0.running_var",
      ]))
  }

  @Test(arguments: [54: 8, 108: 8, 216: 16, 432: 32, 13: 8, 192: 16])
  func excitationUnits(_ channels: Int, _ units: Int) {
    #expect(X3D.excitationUnits(channels) == units)
  }

  /// The three convolutions of every block, each with a gate; nothing else.
  @Test func whatIsDynamic() throws {
    var configuration = Self.configuration(.x3dM)
    let fixed = try VideoNetwork(configuration, batch: 2, seed: 1, threads: 1)
    configuration.dynamic = DynamicConfiguration()
    let network = try VideoNetwork(configuration, batch: 2, seed: 1, threads: 1)
    let names = network.dynamicLayers.map(\.name)
    #expect(names.count == 3 * 26)
    #expect(
      Array(names[..<3])
        == ["conv_a", "conv_b", "conv_c"].map { "blocks.1.res_blocks.0.branch2.\($0)" })
    #expect(network.dynamicLayers[0].fullMACs == 6 * 13 * 4 * 16 * 16)
    #expect(network.dynamicLayers[1].fullMACs == 13 * 27 * 4 * 8 * 8)
    #expect(network.fullMACs == fixed.fullMACs)
    let known = Set(fixed.parameters.entries.map(\.name))
    let added = network.parameters.entries.map(\.name).filter { !known.contains($0) }
    #expect(added.count == network.parameters.entries.count - known.count)
    #expect(added.allSatisfy { $0.contains(".gate.") || $0.contains(".phi_") })
  }

  /// Computed in full, it is the fixed network with the same weights, in inference and in training.
  @Test func theFullPolicyIsTheFixedNetwork() throws {
    var configuration = Self.configuration(.x3dM)
    let fixed = try VideoNetwork(configuration, batch: 2, seed: 3, threads: 2)
    configuration.dynamic = DynamicConfiguration()
    let network = try VideoNetwork(configuration, batch: 2, seed: 3, threads: 2)
    network.policies = .full
    let clips = normals(2 * 3 * 4 * 32 * 32, "clips")
    expectClose(try network.infer(clips).logits, try fixed.infer(clips).logits, rtol: 1e-5, "")
    func step(_ network: VideoNetwork) throws -> Double {
      try network.trainingStep(clips, targets: .classes([0, 1]), costWeight: 0) { _ in }.loss
    }
    #expect(abs(try step(network) - step(fixed)) < 1e-5)
    for entry in fixed.parameters.entries {
      let same = try #require(network.parameters.entries.first { $0.name == entry.name })
      expectClose(
        network.parameters.logical(same, of: network.parameters.gradients),
        fixed.parameters.logical(entry, of: fixed.parameters.gradients), rtol: 1e-2, entry.name)
    }
  }

  /// A look at the features takes each depthwise convolution and its norm apart.
  @Test(arguments: [false, true])
  func inferenceIsTheSameFramesTogetherOrApart(isDynamic: Bool) throws {
    var configuration = Self.configuration(.x3dM)
    configuration.dynamic = isDynamic ? DynamicConfiguration() : nil
    let network = try VideoNetwork(configuration, batch: 2, seed: 3, threads: 2)
    for buffer in network.parameters.buffers {
      let values = normals(buffer.shape[0], buffer.name, scale: 0.1)
      let isVariance = buffer.name.hasSuffix("running_var")
      network.parameters.setBuffer(buffer, values.map { isVariance ? abs($0) + 0.3 : $0 })
    }
    let clips = normals(2 * 3 * 4 * 32 * 32, "clips")
    let fused = try network.infer(clips).logits
    #expect(fused.allSatisfy { $0 != 0 } && fused[..<3] != fused[3...])
    var names: [String] = []
    network.observeFeatures = { names.append($0.name) }
    expectClose(try network.infer(clips).logits, fused, rtol: 1e-4, "logits")
    #expect(names.count == 3 * 26 && names[1] == "blocks.1.res_blocks.0.branch2.conv_b")
  }

  @Test(arguments: [false, true])
  func smallBatchesAndThreadsGiveTheSameLogits(isDynamic: Bool) throws {
    var configuration = Self.configuration(.x3dM)
    configuration.dynamic = isDynamic ? DynamicConfiguration() : nil
    let clips = normals(3 * 3 * 4 * 32 * 32, "clips")
    let one = try VideoNetwork(configuration, batch: 3, seed: 2, threads: 1)
    let two = try VideoNetwork(configuration, batch: 1, seed: 2, threads: 2)
    let together = try one.infer(clips).logits
    let floats = clips.count / 3
    var apart: [Float] = []
    for clip in 0..<3 {
      apart += try two.infer(Array(clips[clip * floats..<(clip + 1) * floats])).logits
    }
    expectClose(apart, together, rtol: 1e-5, "logits")
    #expect(apart.allSatisfy { $0 != 0 })
  }

  /// An activation that swallowed it would hide that training diverged.
  @Test func notANumberReachesTheLoss() throws {
    let network = try VideoNetwork(Self.configuration(.x3dM), batch: 2, seed: 1, threads: 1)
    var clips = normals(2 * 3 * 4 * 32 * 32, "clips")
    clips[5] = .nan
    let outcome = try network.trainingStep(clips, targets: .classes([0, 1]), costWeight: 0) { _ in }
    #expect(outcome.loss.isNaN)
    let logits = try network.infer(clips).logits
    #expect(logits[..<3].allSatisfy { $0.isNaN })
  }

  /// A step learns: the loss of the same clips falls.
  @Test(arguments: [false, true]) func aFewStepsLearn(isDynamic: Bool) throws {
    var configuration = Self.configuration(.x3dM)
    configuration.dynamic = isDynamic ? DynamicConfiguration() : nil
    let network = try VideoNetwork(configuration, batch: 4, seed: 1, threads: 2)
    let optimizer = SGD(network.parameters, gateRate: 0.1)
    let clips = (0..<4).flatMap { clip in
      normals(3 * 4 * 32 * 32, "clip").map { $0 * Float(clip % 2 + 1) }
    }
    func step() throws -> Double {
      let loss = try network.trainingStep(clips, targets: .classes([0, 1, 0, 1]), costWeight: 0) {
        _ in
      }.loss
      optimizer.step(learningRate: 0.05, gradientScale: 1)
      return loss
    }
    let first = try step()
    for _ in 0..<(isDynamic ? 20 : 8) { _ = try step() }
    #expect(try step() < 0.5 * first)
  }
}
