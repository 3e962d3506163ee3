// Whole networks against the PyTorch reference.

import GoldenFiles
import TestSupport
import Testing

@testable import VARedNN

@Suite struct GoldenNetworkTests {
  static let cases = [
    "dynamic-normalised", "dynamic-published", "dynamic-sparsemax", "fixed", "motion-saturating",
    "frozen-gates", "drawn", "x3d", "x3d-dynamic",
  ]

  @Test(arguments: cases) func inference(_ name: String) throws {
    let golden = try GoldenFile("network-\(name).h5")
    let network = try golden.network(batch: 4)
    network.policies = try golden.policies(0..<4)
    network.startCounting()
    let found = try network.infer(try golden.floats("/clips"))
    expectClose(found.logits, try golden.floats("/inference/logits"), "logits")
    #expect(found.executedMACs == (try golden.integers("/executed_macs")))
    #expect(network.fullMACs == (try golden.integers("/full_macs"))[0])
    #expect(network.recordedMACs == found.executedMACs.reduce(0, +))
    expectClose(
      found.convRatio.map { Float($0) }, try golden.floats("/conv_ratio"), rtol: 1e-6, "ratio")
    for (i, layer) in network.dynamicLayers.enumerated() {
      let gates = "/inference/gates/\(layer.name)"
      expectClose(found.temporal[i], try golden.floats("\(gates)/temporal"), layer.name)
      expectClose(found.channel[i], try golden.floats("\(gates)/channel"), layer.name)
    }
  }

  @Test("training step, sums as floats and in fixed point", arguments: cases, [nil, 4])
  func trainingStep(_ name: String, clipsPerStep: Int?) throws {
    let golden = try GoldenFile("network-\(name).h5")
    let network = try golden.network(batch: 4, clipsPerStep: clipsPerStep)
    network.policies = try golden.policies(0..<4)
    network.dropout = try golden.dropout(0..<4)
    let parameters = network.parameters
    #expect(
      Set(parameters.entries.map(\.name) + parameters.buffers.map(\.name))
        == Set(try golden.names(in: "/model")))
    var ready = [parameters.count]
    let outcome = try network.trainingStep(
      try golden.floats("/clips"), targets: .classes(try golden.integers("/labels")),
      costWeight: 0.8
    ) { ready.append($0) }
    #expect(ready.last == 0 && zip(ready, ready.dropFirst()).allSatisfy { $0 > $1 })
    expectClose(network.lastLogits(4), try golden.floats("/logits"), "logits")
    for (found, dataset) in [
      (outcome.loss, "loss"), (outcome.crossEntropy, "cross_entropy"), (outcome.cost, "cost"),
    ] {
      expectClose([Float(found)], try golden.floats("/\(dataset)"), dataset)
    }
    #expect(outcome.correct == (try golden.integers("/correct")).reduce(0, +))
    let macs = try golden.integers("/training/executed_macs")
    #expect(outcome.executedMACs == Double(macs.reduce(0, +)) / 4)
    let ratios = try golden.floats("/training/conv_ratio")
    #expect(abs(outcome.convRatio - Double(ratios.reduce(0, +)) / 4) < 1e-6)
    for buffer in parameters.buffers where !buffer.name.hasSuffix("temperature") {
      expectClose(
        parameters.bufferLogical(buffer), try golden.floats("/updated/\(buffer.name)"), buffer.name)
    }
    #expect(parameters.fixedPoint?.fits ?? true)
    parameters.takeFixedPoint()
    try expectGradients(of: network, golden)
  }

  /// Every gradient within 1e-4 of its scale.
  private func expectGradients(of network: VideoNetwork, _ golden: GoldenFile) throws {
    let parameters = network.parameters
    let scale = try golden.gradientScales()
    for entry in parameters.entries {
      expectClose(
        parameters.logical(entry, of: parameters.gradients),
        try golden.floats("/gradients/\(entry.name)"), rtol: 0, atol: 1e-4 * scale(entry.name),
        entry.name)
    }
  }
}

extension VideoNetwork {
  /// Logits of the last forward pass.
  func lastLogits(_ n: Int) -> [Float] { Array(logits.prefix(n * configuration.classes)) }
}
