// The loss against PyTorch and against differences; the classifier likewise.

import GoldenFiles
import TestSupport
import Testing

@testable import VARedNN

@Suite struct LossTests {
  private func evaluated(
    logits: [Float], labels: [Int], classes: Int, costs: [Double], weight: Float
  ) -> AdaptiveLoss {
    let loss = AdaptiveLoss(classes: classes, batch: labels.count)
    loss.evaluate(
      logits: logits, labels: labels, costs: costs.map { ClipCost(differentiable: $0) },
      weight: weight)
    return loss
  }

  @Test func crossEntropyEqualsPyTorch() throws {
    let golden = try GoldenFile("ops.h5")
    let logits = try golden.floats("/cross-entropy/logits")
    let labels = try golden.integers("/cross-entropy/labels")
    let classes = logits.count / labels.count
    let loss = evaluated(
      logits: logits, labels: labels, classes: classes,
      costs: .init(repeating: 0.5, count: labels.count), weight: 0)
    expectClose(
      [Float(loss.crossEntropy)], try golden.floats("/cross-entropy/loss"), rtol: 1e-6, "loss")
    expectClose(
      loss.logitGradient, try golden.floats("/cross-entropy/dlogits"), rtol: 1e-6, "dlogits")
  }

  /// As PyTorch's log-softmax: a label whose probability underflows has a finite loss.
  @Test func farFromTheLabelTheLossIsFinite() {
    let loss = evaluated(
      logits: [0, 2000], labels: [0], classes: 2, costs: [0], weight: 0)
    #expect(loss.crossEntropy == 2000)
  }

  /// METHOD §3: only clips that are classified correctly pay for what they cost.
  @Test func costCountsCorrectClipsOnly() {
    let loss = evaluated(
      logits: [2, 1, 0, 3, 5, 4], labels: [0, 0, 1], classes: 2, costs: [0.5, 0.7, 0.9],
      weight: 0.8)
    #expect(loss.correct == 1)
    #expect(abs(loss.cost - 0.25 / 3) < 1e-12)
    #expect(abs(loss.costGradient[0] - Double(Float(0.8)) * 2 * 0.5 / 3) < 1e-12)
    #expect(loss.costGradient[1] == 0 && loss.costGradient[2] == 0)
  }

  @Test func linearEqualsPyTorch() throws {
    let golden = try GoldenFile("ops.h5")
    let (inShape, shape) = (try golden.shape("/linear/x"), try golden.shape("/linear/weight"))
    let context = LayerContext(batch: inShape[0])
    let parameters = context.parameters
    let layer = Linear(
      inputs: shape[1], outputs: shape[0], name: "fc", context: context,
      operations: context.counter.addRecord(
        "fc", .classifier,
        output: ActivationShape(channels: shape[0], frames: 1, height: 1, width: 1)),
      isGate: false,
      initialBias: 0, initial: { _, _ in 0 })
    parameters.allocate(seed: 1)
    for entry in parameters.entries {
      parameters.setLogical(
        entry, in: parameters.values, try golden.floats("/linear/\(entry.name.dropFirst(3))"))
    }
    let x = try golden.floats("/linear/x")
    var y = [Float](repeating: .nan, count: inShape[0] * shape[0])
    layer.forward(x, count: inShape[0], into: &y)
    expectClose(y, try golden.floats("/linear/y"), rtol: 1e-6, "y")
    var dx = [Float](repeating: .nan, count: x.count)
    layer.backward(try golden.floats("/linear/dy"), x: x, count: inShape[0], into: &dx)
    expectClose(dx, try golden.floats("/linear/dx"), rtol: 1e-6, "dx")
    for entry in parameters.entries {
      expectClose(
        parameters.logical(entry, of: parameters.gradients),
        try golden.floats("/linear/d\(entry.name.dropFirst(3))"), rtol: 1e-6, entry.name)
    }
  }
}
