// The costs of candidates, and policies held at one pair of them, against the PyTorch reference
// (METHOD §4). Whole steps with motion energy, the saturating cost and policies that gates do not
// learn from are cases of GoldenNetworkTests.

import GoldenFiles
import TestSupport
import Testing

@testable import VARedNN

@Suite struct GoldenAdaptiveTests {
  static let costs = ["linear", "saturating-0.1", "saturating-1", "saturating-single"]

  @Test(arguments: costs) func candidateCost(_ name: String) throws {
    let golden = try GoldenFile("adaptive.h5")
    let path = "/costs/\(name)"
    let (v, shares) = (try golden.floats("\(path)/v"), try golden.floats("\(path)/shares"))
    var form = CostForm.linear
    if name != "linear" { form = .saturating(kappa: try golden.floats("\(path)/kappa")[0]) }
    var values: [Float] = []
    var gradient = [Float](repeating: .nan, count: v.count)
    for first in stride(from: 0, to: v.count, by: shares.count) {
      let cost = CandidateCost(v[first..<first + shares.count], shares: SIMD4(shares), form: form)
      values.append(cost.value)
      cost.forEachDerivative { gradient[first + $0] = $1 }
    }
    expectClose(values, try golden.floats("\(path)/cost"), rtol: 1e-6, "cost")
    expectClose(gradient, try golden.floats("\(path)/dv"), rtol: 1e-5, "gradient")
  }

  /// Which clips pay for what they cost (METHOD §3), by how sure the network is of their label.
  @Test func chargedClips() throws {
    let golden = try GoldenFile("adaptive.h5")
    let logits = try golden.floats("/charge/logits")
    let labels = try golden.integers("/charge/labels")
    let totals = try golden.floats("/charge/totals")
    let powers = try golden.floats("/charge/powers")
    for (number, confidence) in try golden.floats("/charge/confidences").enumerated() {
      let loss = AdaptiveLoss(
        classes: logits.count / labels.count, batch: labels.count, confidence: Double(confidence),
        power: Double(powers[number]))
      loss.evaluate(
        logits: logits, targets: .classes(labels),
        costs: totals.map { ClipCost(differentiable: Double($0)) },
        weight: try golden.floats("/charge/weight")[0])
      expectClose(
        [Float(loss.cost)], try golden.floats("/charge/cost\(number)"), rtol: 1e-6, "cost")
      expectClose(
        loss.costGradient.map { Float($0) }, try golden.floats("/charge/dtotals\(number)"),
        rtol: 1e-6, "gradient")
    }
  }

  @Test func heldAtOnePair() throws {
    let golden = try GoldenFile("network-drawn.h5")
    let network = try golden.network(batch: 4)
    let pair = try golden.integers("/held/candidates")
    network.policies = .fixed(temporal: pair[0], channel: pair[1])
    let found = try network.infer(try golden.floats("/clips"))
    expectClose(found.logits, try golden.floats("/held/logits"), "logits")
    #expect(found.executedMACs == (try golden.integers("/held/executed_macs")))
    expectClose(
      found.convRatio.map { Float($0) }, try golden.floats("/held/conv_ratio"), rtol: 1e-6, "ratio")
  }
}
