// A trained checkpoint, inspected, evaluated and run on tensors.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedHDF5

@testable import VARedStudies
@testable import VARedTraining

@Suite(.serialized) struct InferenceTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  @Test func aCheckpointIsInspectedEvaluatedAndRun() throws {
    _ = try run(arguments("run", ["--epochs", "1"]))
    let told = try run(["inspect", scratch("run")]).stdout
    #expect(told.contains("step 4, 1 of 1 epochs done") && told.contains("width: 0.125"))
    #expect(told.contains("layer1.0.conv1.0.0.gate.fc1.weight"))

    let trained = try #require(
      objects("run").first { $0["kind"] as? String == "evaluation" }?["top1"] as? Double)
    for (ranks, views) in [(nil, "clip"), (3, "clip"), (2, "video")] as [(Int?, String)] {
      let report = scratch("report.json")
      _ = try run(
        [
          "evaluate", "--checkpoint", scratch("run"), "--data", clips, "--report", report,
          "--views",
          views, "--batch", "2", "--threads", "1",
        ], ranks: ranks)
      let bytes = try Data(contentsOf: URL(fileURLWithPath: report))
      let numbers = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
      #expect(numbers["clips"] as? Int == 6 && numbers["bad_clips"] as? Int == 0)
      #expect((numbers["gmacs_quantiles"] as? [Double])?.count == 7)
      if views == "clip" { #expect(numbers["top1"] as? Double == trained) }
      #expect(numbers["views"] as? Int == (views == "clip" ? 1 : 10))
    }
  }

  @Test func predictionsDoNotDependOnTheBatch() throws {
    _ = try run(arguments("run", ["--epochs", "1"]))
    let values: [Float] = (0..<15360).map { Float(($0 &* 7919) % 1000) * 0.002 - 1 }
    let input = try HDF5File.create(scratch("in.h5"))
    try input.write("/clips", values, shape: [5, 3, 4, 16, 16])
    try input.close()
    for batch in ["1", "3"] {
      _ = try run([
        "predict", "--checkpoint", scratch("run"), "--input", scratch("in.h5"), "--output",
        scratch("out\(batch).h5"), "--batch", batch, "--threads", "1",
      ])
    }
    let (one, three) = (
      try HDF5File.open(scratch("out1.h5")), try HDF5File.open(scratch("out3.h5"))
    )
    let logits = try one.read("/logits", as: Float.self)
    #expect(logits.shape == [5, 2] && Set(logits.values).count > 5)
    expectClose(try three.read("/logits", as: Float.self).values, logits.values, "logits")
    let layers = try one.names(in: "/gates")
    #expect(layers.contains("layer1.0.conv1.0.0") && layers.count == 32)
    for layer in layers {
      let temporal = try one.read("/gates/\(layer)/temporal", as: Float.self)
      let channel = try one.read("/gates/\(layer)/channel", as: Float.self)
      #expect(temporal.shape[0] == 5 && channel.shape[0] == 5)
      for clip in 0..<5 {
        let weights = temporal.values[clip * temporal.shape[1]..<(clip + 1) * temporal.shape[1]]
        #expect(abs(weights.reduce(0, +) - 1) < 1e-5, "\(layer) clip \(clip)")
      }
    }
    let macs = try one.read("/executed_macs", as: Int64.self)
    #expect(macs.shape == [5] && macs.values.allSatisfy { $0 > 0 })
    #expect(try three.read("/executed_macs", as: Int64.self).values == macs.values)

    let wrong = try HDF5File.create(scratch("wrong.h5"))
    try wrong.write("/clips", [Float](repeating: 0, count: 3 * 2 * 256), shape: [1, 3, 2, 16, 16])
    try wrong.close()
    let refused = try launch([
      "predict", "--checkpoint", scratch("run"), "--input", scratch("wrong.h5"), "--output",
      scratch("none.h5"),
    ]).run()
    #expect(refused.status == 2 && refused.stderr.contains("takes [N, 3, 4, 16, 16]"), "\(refused)")
    #expect(!scratch.exists("none.h5"))
  }
}
