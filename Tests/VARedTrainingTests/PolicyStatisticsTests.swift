// What the gates chose: counted by layer and class, the same on any number of ranks.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedHDF5
import VARedNN

@testable import VARedTraining

@Suite(.serialized) struct PolicyStatisticsTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  /// Weights and biases of the gates' last layers that make gates answer to their input.
  private static func answering(_ name: String, count: Int) -> [Float]? {
    guard name.contains("gate.fc2") else { return nil }
    return (0..<count).map {
      name.hasSuffix("bias") ? 0.1 : Float(($0 &* 2_654_435_761 >> 8) % 2001 - 1000) / 1000
    }
  }

  /// Counts against the network's own weights and conv ratios, view by view.
  @Test func countsAndRatiosAreTheViews() throws {
    var configuration = NetworkConfiguration(classes: 2, frames: 4, size: 16)
    configuration.width = 0.5
    var dynamic = DynamicConfiguration()
    (dynamic.temporalCandidates, dynamic.channelCandidates) = (3, 2)
    configuration.dynamic = dynamic
    let network = try VideoNetwork(configuration, batch: 6, seed: 3, threads: 1)
    let parameters = network.parameters
    for entry in parameters.entries {
      guard let values = Self.answering(entry.name, count: entry.shape.reduce(1, *)) else {
        continue
      }
      parameters.setLogical(entry, in: parameters.values, values)
    }
    // Clips of different brightness.
    let pixels: [Float] = (0..<6 * 3072).map { i in
      let noise = Float((i &* 7919) % 1000) * 0.002
      return noise + Float(i / 3072) - 3.5
    }
    let inference = try network.infer(pixels)
    #expect(Set(inference.convRatio).count > 2, "clips must choose differently")

    // Clip 5 counts for nothing; class 1 has no clips.
    let targets = [[0, 3], [2, 3], [0, 3], [2, 3], [2, 3], []]
    var counts = PolicyCounts(network.dynamicLayers, rows: 6)
    for clip in 0..<6 { counts.add(inference, clip: clip, toRow: clip) }
    let statistics = try #require(
      PolicyStatistics(counts.summed(into: targets, rows: 4), classes: ["a", "b", "c"]))
    #expect(statistics.classes.map(\.name) == ["a", "c"] && statistics.all.views == 5)
    for (group, members) in [
      (statistics.all, [0, 1, 2, 3, 4]), (statistics.classes[1], [1, 3, 4]),
    ] {
      #expect(group.views == members.count)
      let mean = members.reduce(0) { $0 + inference.convRatio[$1] } / Double(members.count)
      #expect(abs(group.convRatio - mean) < 1e-12)
      try expectChoices(group, members, inference, statistics)
    }
  }

  /// The first weight above zero of each clip, counted here from the weights themselves.
  private func expectChoices(
    _ group: PolicyStatistics.Group, _ members: [Int], _ inference: Inference,
    _ statistics: PolicyStatistics
  ) throws {
    var (time, channels) = (0.0, 0.0)
    for (l, layer) in statistics.layers.enumerated() {
      let (strides, widths) = (layer.temporalStrides, layer.channelCounts)
      var temporal = [Int](repeating: 0, count: strides.count)
      var channel = [Int](repeating: 0, count: widths.count)
      for clip in members {
        let a = try #require(
          strides.indices.first { inference.temporal[l][clip * strides.count + $0] > 0 })
        let b = try #require(
          widths.indices.first { inference.channel[l][clip * widths.count + $0] > 0 })
        temporal[a] += 1
        channel[b] += 1
        time += statistics.layers[l].share / Double(strides[a]) / Double(members.count)
        channels +=
          statistics.layers[l].share * Double(widths[b]) / Double(widths[0]) / Double(members.count)
      }
      #expect(group.choices[l].temporal == temporal && group.choices[l].channel == channel)
    }
    #expect(abs(group.temporalRatio - time) < 1e-12)
    #expect(abs(group.channelRatio - channels) < 1e-12)
  }

  @Test func anyNumberOfRanksReportsTheSame() throws {
    _ = try run(arguments("first", ["--epochs", "1", "--evaluate-every", "0"]))
    let file = try HDF5File.create(scratch("gates.h5"))
    for (name, tensor) in try newest("first").model {
      guard let values = Self.answering(name, count: tensor.values.count) else { continue }
      try file.write("model/" + name, values, shape: tensor.shape)
    }
    try file.close()
    _ = try run(
      arguments(
        "run", ["--epochs", "1", "--learning-rate", "1e-6", "--initialize", scratch("gates.h5")]))
    let trained = try #require(try objects("run").first { $0["kind"] as? String == "evaluation" })

    // Clip by clip on any number of ranks, and in the batches of the run's own evaluation: a matrix
    // product may round a row by how many rows there are, and a weight near zero opens or closes.
    let alike = try evaluate("clip", ranks: 1, batch: 4)
    #expect(try policies(alike) == policies(trained))
    for views in ["clip", "video"] {
      let reports = try [1, 2, 3].map { try evaluate(views, ranks: $0, batch: 1) }
      for report in reports { #expect(try policies(report) == policies(reports[0])) }
      #expect(try #require(reports[0]["conv_ratio_deviation"] as? Double) > 0)
      let all = try #require(reports[0]["policies"] as? [String: Any])
      let classes = try #require(all["classes"] as? [[String: Any]])
      let count = try #require(reports[0]["views"] as? Int)
      #expect(all["views"] as? Int == 6 * count)
      #expect(classes.map { $0["views"] as? Int } == [3 * count, 3 * count])
      let layers = try #require(all["layers"] as? [[String: Any]])
      #expect(layers.count == 32)
      #expect(
        layers.contains { ($0["temporal"] as? [Int])?.allSatisfy { $0 > 0 } ?? false },
        "in no layer do clips choose differently")
    }
  }

  private func evaluate(_ views: String, ranks: Int, batch: Int) throws -> [String: Any] {
    let report = scratch("report-\(views)-\(ranks).json")
    let said = try run(
      [
        "evaluate", "--checkpoint", scratch("run"), "--data", clips, "--report", report, "--views",
        views, "--windows", "3", "--batch", "\(batch)", "--threads", "1", "--policies",
      ], ranks: ranks
    ).stdout
    #expect(said.contains("dynamic layer") && said.contains("\nall classes"))
    let bytes = try Data(contentsOf: URL(fileURLWithPath: report))
    return try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
  }

  /// What must not depend on the ranks, as text.
  private func policies(_ report: [String: Any]) throws -> String {
    let members = ["policies", "conv_ratio_deviation"].map { report[$0] ?? "missing" }
    let bytes = try JSONSerialization.data(withJSONObject: members, options: [.sortedKeys])
    return String(decoding: bytes, as: UTF8.self)
  }
}
