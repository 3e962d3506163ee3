// The loss against PyTorch and against differences; the classifier likewise.

import Foundation
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
      logits: logits, targets: .classes(labels), costs: costs.map { ClipCost(differentiable: $0) },
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

  /// Rows of probabilities: smoothed and mixed labels.
  @Test func softCrossEntropyEqualsPyTorch() throws {
    let golden = try GoldenFile("ops.h5")
    let targets = try golden.floats("/soft-cross-entropy/targets")
    try expectPyTorch("soft-cross-entropy", .distributions(targets, classes: 6), golden)
  }

  @Test func binaryCrossEntropyEqualsPyTorch() throws {
    let golden = try GoldenFile("ops.h5")
    let labels = try golden.floats("/binary-cross-entropy/labels")
    try expectPyTorch("binary-cross-entropy", .labels(labels, classes: 7), golden)
  }

  private func expectPyTorch(_ name: String, _ targets: Targets, _ golden: GoldenFile) throws {
    let logits = try golden.floats("/\(name)/logits")
    let loss = AdaptiveLoss(classes: logits.count / targets.count, batch: targets.count)
    loss.evaluate(
      logits: logits, targets: targets, costs: .init(repeating: ClipCost(), count: targets.count),
      weight: 0)
    expectClose(
      [Float(loss.crossEntropy)], try golden.floats("/\(name)/loss"), rtol: 1e-6, "loss")
    expectClose(
      loss.logitGradient, try golden.floats("/\(name)/dlogits"), rtol: 1e-6, "dlogits")
  }

  @Test func gradientsOfDenseTargets() {
    let rows = normals(3 * 5, "targets").map { abs($0) }
    let sums = (0..<3).map { clip in rows[clip * 5..<(clip + 1) * 5].reduce(0, +) }
    let distributions = rows.indices.map { rows[$0] / sums[$0 / 5] }
    for targets in [
      Targets.distributions(distributions, classes: 5),
      .labels(rows.map { $0 > 0.7 ? 1 : 0 }, classes: 5),
    ] {
      let loss = AdaptiveLoss(classes: 5, batch: 3)
      let costs = [ClipCost](repeating: ClipCost(), count: 3)
      withCopy(of: normals(3 * 5, "logits")) { logits in
        func value() -> Double {
          loss.evaluate(logits: logits.baseAddress!, targets: targets, costs: costs, weight: 0)
          return loss.crossEntropy
        }
        _ = value()
        checkGradient("logits", of: logits, gradient: loss.logitGradient, loss: value)
      }
    }
  }

  /// A row with one 1 is that class, to the bit.
  @Test func oneHotRowsAreClasses() {
    let logits = normals(4 * 6, "logits", scale: 3)
    let labels = [5, 0, 3, 3]
    let rows = labels.flatMap { label in (0..<6).map { $0 == label ? Float(1) : 0 } }
    let both = [Targets.classes(labels), .distributions(rows, classes: 6)].map { targets in
      let loss = AdaptiveLoss(classes: 6, batch: 4)
      loss.evaluate(
        logits: logits, targets: targets,
        costs: .init(repeating: ClipCost(differentiable: 0.5), count: 4), weight: 1)
      return loss
    }
    #expect(both[0].crossEntropy == both[1].crossEntropy && both[0].cost == both[1].cost)
    #expect(both[0].logitGradient == both[1].logitGradient && both[0].correct == both[1].correct)
  }

  /// METHOD §3 with several labels: who is right, and how sure.
  @Test func rightWithSeveralLabels() {
    func verdict(_ logits: [Float], _ labels: [Float]) -> ClipVerdict {
      var gradient = [Float](repeating: 0, count: logits.count)
      return BinaryCrossEntropy.evaluate(
        logits, classes: logits.count, clips: 1, gradient: &gradient
      ) { labels[$0] }
    }
    let both = verdict([1, -2, 0.5], [1, 0, 1])
    #expect(both.isRight && abs(both.confidence - 1 / (1 + exp(-0.5))) < 1e-12)
    #expect(!verdict([1, 0.5, 0.5], [1, 0, 1]).isRight)
    #expect(verdict([-3, -2, -4], [0, 1, 0]).isRight)
    let none = verdict([-3, -1, -4], [0, 0, 0])
    #expect(none.isRight && abs(none.confidence - 1 / (1 + exp(-1))) < 1e-12)
    #expect(!verdict([-3, 0, -4], [0, 0, 0]).isRight)
    #expect(verdict([-3, 2], [1, 1]).isRight)
    for labels in [[1, 0], [0, 1], [0, 0]] as [[Float]] {
      #expect(!verdict([.nan, 0], labels).isRight && !verdict([0, .nan], labels).isRight)
    }
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

  /// METHOD §4: a λ that presses upwards presses on every clip; what is reported is as ever.
  @Test func negativeWeightsPressOnEveryClip() {
    let loss = evaluated(
      logits: [2, 1, 0, 3, 5, 4], labels: [0, 0, 1], classes: 2, costs: [0.5, 0.7, 0.9],
      weight: -0.8)
    #expect(loss.correct == 1 && abs(loss.cost - 0.25 / 3) < 1e-12)
    for (clip, cost) in [0.5, 0.7, 0.9].enumerated() {
      #expect(abs(loss.costGradient[clip] - Double(Float(-0.8)) * 2 * cost / 3) < 1e-12)
    }
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
