// `vared-train bench` on a network that takes milliseconds.

import Foundation
import TestSupport
import Testing

@testable import VARedTraining

@Suite struct BenchTests {
  private let small = [
    "bench", "--width", "0.125", "--frames", "4", "--size", "16", "--batch", "2", "--threads", "1",
    "--gate-hidden", "8", "--iterations", "2",
  ]

  private func report(_ more: [String]) throws -> [String: Any] {
    let result = try launch(more + ["--json"])
    #expect(result.status == 0, "\(result)")
    let object = try JSONSerialization.jsonObject(with: Data(result.stdout.utf8))
    return try #require(object as? [String: Any])
  }

  private func launch(_ more: [String]) throws -> LaunchResult {
    try RankLaunch("vared-train", small + more, ranks: nil, timeoutSeconds: 120).run()
  }

  @Test func jsonAccountsForTheWholeStep() throws {
    let report = try report(["--network", "dynamic", "--policy", "half"])
    let train = try #require(report["train"] as? [String: Any])
    let seconds = try #require(train["seconds"] as? [String: Double])
    #expect(seconds.values.allSatisfy { $0 >= 0 })
    let kinds = [
      "convolution_forward", "convolution_backward_data", "convolution_backward_weights",
      "batch_norm", "cheap_operations", "optimizer", "other",
    ]
    for kind in kinds { #expect(try #require(seconds[kind]) > 0, "\(kind)") }
    #expect(try #require(train["clips_per_second"] as? Double) > 0)
    let inference = try #require(report["inference"] as? [String: Any])
    let inferenceSeconds = try #require(inference["seconds"] as? [String: Double])
    #expect(inferenceSeconds["convolution_backward_data"] == 0)
    #expect(try #require(report["peak_bytes"] as? Int) > 1 << 20)
    let layers = try #require(report["layers"] as? [[String: Any]])
    // The stem's two, 4 in each of 8 blocks, and 3 projections.
    #expect(layers.count == 37)
    let directions = try #require(layers[1]["directions"] as? [[String: Any]])
    #expect(directions.count == 3)
  }

  @Test func aForcedPolicyIssuesWhatItSays() throws {
    func macs(_ policy: String) throws -> Double {
      let inference = try #require(report(["--policy", policy])["inference"] as? [String: Any])
      return try #require(inference["forward_macs"] as? Double)
    }
    let (full, frames) = (try macs("full"), try macs("half-frames"))
    #expect(frames < full)
    let fixed = try #require(report(["--network", "fixed"])["inference"] as? [String: Any])
    // Without gates and with nothing to reconstruct, the dynamic network is the fixed one.
    #expect(full == fixed["forward_macs"] as? Double)
  }

  @Test func theTableNamesEveryConvolution() throws {
    let result = try launch(["--network", "fixed"])
    #expect(result.stdout.contains("layer4.1.conv2.0.3"))
    #expect(result.stdout.contains("training step:"))
  }

  @Test(arguments: [
    (["--iterations", "0"], "--iterations: expected 1 to 10000, found 0"),
    (["--network", "fixed", "--policy", "half"], "--policy: expected a dynamic network"),
    (["--initialise", "x.h5"], "--initialise: expected none"),
    (["--size", "0"], "--size"),
  ])
  func whatCannotBeTimedIsSaid(_ flags: [String], _ said: String) throws {
    let result = try launch(flags)
    #expect(result.status == 2)
    #expect(result.stderr.contains(said), "\(result)")
  }
}
