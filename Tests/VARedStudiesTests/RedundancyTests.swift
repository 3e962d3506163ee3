// Redundancy: the numbers against hand-made and naive ones, and the command from end to end.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedData
import VARedNN

@testable import VARedStudies
@testable import VARedTraining

@Suite struct RedundancyNumberTests {
  private func temporal(
    _ clips: [[Float]], channels: Int, frames: Int, pixels: Int
  ) -> TemporalRedundancy {
    var redundancy = TemporalRedundancy()
    for clip in clips {
      clip.withUnsafeBufferPointer {
        redundancy.add($0, channels: channels, frames: frames, pixels: pixels)
      }
    }
    return redundancy
  }

  private func channels(_ clips: [[Float]], channels: Int) -> ChannelRedundancy {
    var redundancy = ChannelRedundancy(channels: channels)
    for var clip in clips {
      let count = clip.count / channels
      clip.withUnsafeMutableBufferPointer { redundancy.add($0, count: count) }
    }
    return redundancy
  }

  private func isClose(_ a: Double?, _ b: Double, _ tolerance: Double = 1e-6) -> Bool {
    a.map { abs($0 - b) <= tolerance } ?? false
  }

  /// Reproducible noise in −1…1.
  private func noise(_ count: Int, seed: UInt32) -> [Float] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return Float(state >> 8) / Float(1 << 23) - 1
    }
  }

  private func pearson(_ a: [Double], _ b: [Double]) -> Double {
    let (ma, mb) = (a.reduce(0, +) / Double(a.count), b.reduce(0, +) / Double(b.count))
    let product = zip(a, b).reduce(0) { $0 + ($1.0 - ma) * ($1.1 - mb) }
    let (va, vb) = (
      a.reduce(0) { $0 + ($1 - ma) * ($1 - ma) }, b.reduce(0) { $0 + ($1 - mb) * ($1 - mb) }
    )
    return product / (va * vb).squareRoot()
  }

  @Test func neighbouringFramesByHand() {
    // One channel, three frames of two pixels: r is 1, then −1.
    let first: [Float] = [1, 2, 3, 5, 4, 0]
    // Errors: ‖(2, 3)‖/‖(3, 5)‖ and ‖(1, −5)‖/‖(4, 0)‖.
    let firstError = ((13.0 / 34).squareRoot() + (26.0 / 16).squareRoot()) / 2
    let second: [Float] = [0, 1, 0, 1, 0, 1]
    let both = temporal([first, second], channels: 1, frames: 3, pixels: 2)
    #expect(isClose(both.correlation.mean, 0.5))
    #expect(isClose(both.correlation.deviation, 0.5.squareRoot()))
    #expect(isClose(both.relativeError.mean, firstError / 2))
    let one = temporal([first], channels: 1, frames: 3, pixels: 2)
    #expect(isClose(one.correlation.mean, 0) && one.correlation.deviation == nil)
  }

  @Test func framesWithoutVariationOrNeighbourHaveNoNumber() {
    // The second channel is constant in the second frame; only the first one counts.
    let clip: [Float] = [1, 2, 3, 4, 3, 2, 9, 1, 4, 0.1, 0.1, 0.1]
    let naive = pearson([1, 2, 3], [4, 3, 2])
    let part = temporal([clip], channels: 2, frames: 2, pixels: 3)
    #expect(isClose(part.correlation.mean, naive))
    let still = temporal([clip], channels: 4, frames: 1, pixels: 3)
    #expect(still.correlation.mean == nil && still.relativeError.mean == nil)
    let dark = temporal([[1, 2, 0, 0]], channels: 1, frames: 2, pixels: 2)
    #expect(dark.correlation.mean == nil && dark.relativeError.mean == nil)
    let broken = temporal([[1, 2, .nan, .infinity]], channels: 1, frames: 2, pixels: 2)
    #expect(broken.correlation.mean == nil && broken.relativeError.mean == nil)
  }

  /// Seven channels of 1037 samples in each of three clips around means far from zero.
  @Test func channelsAgainstTheNaiveDefinition() throws {
    let (count, samples) = (7, 1037)
    let clips = (0..<3).map { clip -> [Float] in
      var x = noise(count * samples, seed: UInt32(clip + 1))
      for i in 0..<samples {
        // 4 follows 1 closely, 5 the negative of 2 loosely, 6 nothing.
        x[4 * samples + i] = 3 * x[samples + i] + 0.2 * x[4 * samples + i] + Float(clip)
        x[5 * samples + i] = 2 - x[2 * samples + i] + x[5 * samples + i]
      }
      return x.map { $0 + 20 + Float(clip) }
    }
    let rows = (0..<count).map { c in
      clips.flatMap { $0[c * samples..<(c + 1) * samples].map(Double.init) }
    }
    let correlations = (4..<7).map { i in (0..<4).map { j in abs(pearson(rows[i], rows[j])) } }
    let best = correlations.map { $0.max() ?? 0 }
    // The line itself, by least squares, leaves what the definition says.
    let errors = (0..<3).map { i -> Double in
      let j = correlations[i].firstIndex(of: best[i]) ?? 0
      let (x, y) = (rows[j], rows[4 + i])
      let (mx, my) = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
      let a =
        zip(x, y).reduce(0) { $0 + ($1.0 - mx) * ($1.1 - my) }
        / x.reduce(0) { $0 + ($1 - mx) * ($1 - mx) }
      let left = zip(x, y).reduce(0) { $0 + pow($1.1 - a * $1.0 - (my - a * mx), 2) }
      return (left / y.reduce(0) { $0 + ($1 - my) * ($1 - my) }).squareRoot()
    }
    let redundancy = channels(clips, channels: count)
    for threshold in [0.0, 0.5, 0.8, 0.999] {
      let result = redundancy.result(threshold: threshold)
      #expect(isClose(result.correlation, best.reduce(0, +) / 3))
      #expect(isClose(result.error, errors.reduce(0, +) / 3))
      let alike = correlations.joined().count { $0 > threshold }
      #expect(isClose(result.pairs, Double(alike) / 12))
    }
    #expect(correlations.joined().contains { $0 > 0.8 } && best[2] < 0.8)
  }

  @Test func channelsThatDoNotVaryAreLeftOut() {
    // 0 and 2 are equal up to a factor; 1 and 3 are constant.
    let clip: [Float] = [1, 2, 4, 0.1, 0.1, 0.1, -2, -4, -8, 7, 7, 7]
    let result = channels([clip], channels: 4).result(threshold: 0.8)
    #expect(isClose(result.correlation, 1) && isClose(result.error, 0, 1e-3))
    #expect(result.pairs == 1)
    let none = channels([[1, 1, 1, 2]], channels: 2).result(threshold: 0.8)
    #expect(none == ChannelRedundancy.Result())
    #expect(
      channels([[1, 2, 3]], channels: 1).result(threshold: 0.8) == ChannelRedundancy.Result())
  }

  @Test func clipsAreSpreadOverTheSplit() {
    #expect(RedundancyRun.spread(3, of: 9) == [0, 3, 6])
    #expect(RedundancyRun.spread(100, of: 2) == [0, 1])
    #expect(RedundancyRun.spread(4, of: 10) == [0, 2, 5, 7])
  }
}

@Suite(.serialized) struct RedundancyCommandTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  private func measure(_ more: [String], ranks: Int? = nil) throws -> LaunchResult {
    try launch(
      ["redundancy", "--checkpoint", scratch("run"), "--data", clips, "--threads", "1"] + more,
      ranks: ranks
    ).run()
  }

  private func object(_ more: [String]) throws -> [String: Any] {
    let result = try measure(more + ["--json"])
    #expect(result.status == 0 && result.stderr.isEmpty, "\(result)")
    let object = try JSONSerialization.jsonObject(with: Data(result.stdout.utf8))
    return try #require(object as? [String: Any])
  }

  @Test(arguments: ["fixed", "dynamic"])
  func everyConvolutionIsMeasured(_ network: String) throws {
    _ = try run(arguments("run", ["--epochs", "1", "--network", network]))
    let (csv, svg) = (scratch("out.csv"), scratch("out.svg"))
    let report = try object(["--clips", "5", "--batch", "2", "--csv", csv, "--svg", svg])
    #expect(report["clips"] as? Int == 5 && report["split"] as? String == "val")
    #expect(report["step"] as? Int == 4 && report["bad_clips"] as? Int == 0)
    let layers = try #require(report["layers"] as? [[String: Any]])
    #expect(layers.count == 32 && layers[0]["layer"] as? String == "layer1.0.conv1.0.0")
    let first = layers[0]
    #expect(first["frames"] as? Int == 4 && first["height"] as? Int == 8)
    let range = -1.0...1.0
    for key in ["temporal_correlation", "channel_correlation", "channel_error", "channel_pairs"] {
      #expect(range.contains(try #require(first[key] as? Double)), "\(key)")
    }
    // A single frame of a single pixel has no neighbour.
    let last = layers[31]
    #expect(last["frames"] as? Int == 1 && last["temporal_error"] is NSNull)

    // The batch only decides what is computed together.
    let other = try object(["--clips", "5", "--batch", "5"])
    let means = try [report, other].map { try #require($0["mean"] as? [String: Double]) }
    for (key, value) in means[0] {
      #expect(abs(value - (means[1][key] ?? .nan)) < 1e-3, "\(key)")
    }
    let lines = try scratch.text("out.csv").split(separator: "\n")
    #expect(lines.count == 33 && lines[0].hasPrefix("layer,channels,frames,height,width,temporal"))
    #expect(Set(lines.map { $0.count { $0 == "," } }) == [11])
    #expect(try scratch.text("out.svg").contains("layer4.1.conv2.0.3</text>"))
    let table = try measure(["--clips", "2"]).stdout
    #expect(table.contains("layer4.1.conv2.0.3") && table.contains("2 of \(clips) (val"))
  }

  /// Gates that would compute a quarter see the same features measured as gates that compute all.
  @Test func gatesHaveNoSay() throws {
    let dataset = try Dataset.open(clips)
    func measured(bias: [Float]) throws -> [LayerRedundancy] {
      var configuration = NetworkConfiguration(classes: 2, frames: 4, size: 16)
      configuration.width = 0.5
      configuration.dynamic = DynamicConfiguration()
      let network = try VideoNetwork(configuration, batch: 2, seed: 1, threads: 1)
      let parameters = network.parameters
      for entry in parameters.entries where entry.name.hasSuffix("gate.fc2.bias") {
        parameters.setLogical(
          entry, in: parameters.values, Array(bias.suffix(entry.shape[0])))
      }
      let loader = ClipLoader(
        dataset: dataset, split: .val, geometry: ClipGeometry(frames: 4, frameStride: 1, size: 16),
        batches: [[0, 1], [2]], view: { _ in .center }, threads: 1, ahead: 1)
      defer { loader.stop() }
      return try RedundancyRun.measure(network, loader).layers.map { $0.result(threshold: 0.8) }
    }
    let (whole, quarter) = (
      try measured(bias: [9, -9, 9, -9]), try measured(bias: [-9, 9, -9, 9])
    )
    #expect(whole.count == 32 && whole[0].values.count == RedundancyMeasure.allCases.count)
    #expect(whole.map(\.values) == quarter.map(\.values))
  }

  @Test func whatCannotBeIsRefusedInOneLine() throws {
    _ = try run(arguments("run", ["--epochs", "1"]))
    let cases: [([String], String)] = [
      (["--clips", "0"], "--clips: expected 1 to 1000000, found 0"),
      (["--threshold", "1"], "--threshold: expected 0 or more and below 1, found 1.0"),
      (["--batch", "0"], "--batch: expected"), (["--threads=-1"], "--threads: expected"),
      (["--split", "test"], "'test'"), (["--svgg", "x"], "--svgg"),
      (["--svg", scratch("no/such/folder.svg")], "no/such/folder.svg"),
      (["--checkpoint", scratch("none")], "none"), (["--data", scratch("none.csv")], "none.csv"),
    ]
    for (flags, message) in cases {
      // Of a flag that is given twice the last one counts.
      let result = try measure(["--clips", "1"] + flags)
      let lines = result.stderr.split(separator: "\n")
      #expect(result.status == 2 && !result.endedBySignal, "\(flags): \(result)")
      #expect(
        lines.count == 1 && lines[0].hasPrefix("error: ") && lines[0].contains(message),
        "\(flags): \(result)")
    }
    let ranks = try measure([], ranks: 2)
    #expect(ranks.status == 2 && !ranks.timedOut, "\(ranks)")
    let spoken = ranks.stderr.split(separator: "\n").filter { $0.contains("one process") }
    #expect(spoken.count == 1 && ranks.stdout.isEmpty, "\(ranks)")
  }
}
