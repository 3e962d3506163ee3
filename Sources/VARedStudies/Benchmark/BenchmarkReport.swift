// What a benchmark found, for people and as JSON.

import Foundation
import VARedNN
import VARedTraining

/// The figures of one policy in a benchmark.
public struct BenchmarkReport: Encodable {
  /// What dynamic layers computed; `gates` for a fixed network too.
  let policy: PolicyMode
  /// Threads that were used.
  let threads: Int
  /// GFLOP/s of a 2048³ product on them, in this run.
  let sgemmGFLOPS: Double
  /// Nil where a single clip leaves some batch norm without a variance.
  let train: Phase?
  let inference: Phase
  /// Nil where it was not asked for.
  let loading: LoadingMeasurement?
  /// Peak memory of the process, both phases and all policies.
  let peakBytes = Self.peakResidentBytes()
  /// The convolutions in a training step, or in inference where that is all there is.
  let layers: [Layer]

  /// Training or inference.
  struct Phase: Encodable {
    /// From the median step.
    let clipsPerSecond: Double
    /// Seconds of every step, in order.
    let stepSeconds: [Double]
    /// Multiply-accumulates of one clip's forward pass, as recorded.
    let forwardMacs: Double
    /// Seconds per step by kind of work, means over the steps; `other` is what is left.
    let seconds: [String: Double]

    init(_ timing: Benchmark.Timing, batch: Int) {
      let count = Double(timing.steps.count)
      stepSeconds = timing.steps
      clipsPerSecond = Double(batch) / timing.steps.sorted()[timing.steps.count / 2]
      forwardMacs = Double(timing.macs) / (count * Double(batch))
      var seconds = [String: Double](
        uniqueKeysWithValues: timing.work.seconds.map { ($0.rawValue, $1 / count) })
      if !timing.optimizer.isEmpty { seconds["optimizer"] = timing.optimizer.reduce(0, +) / count }
      let total = timing.steps.reduce(0, +) / count
      seconds["other"] = max(0, total - seconds.values.reduce(0, +))
      self.seconds = seconds
    }
  }

  /// One convolution in one direction.
  struct Direction: Encodable {
    let kind: String
    let implementation: String
    /// Whether oneDNN fell back on reference code or a matrix product.
    let fallback: Bool
    let gflops: Double
    let shareOfSgemm: Double
  }

  /// One convolution.
  struct Layer: Encodable {
    let name: String
    let shape: String
    let directions: [Direction]

    init(_ work: LayerWork, sgemmGFLOPS: Double) {
      name = work.name
      shape = work.shape
      directions = work.directions.map {
        let gflops = 2 * Double($0.macs) / $0.seconds / 1e9
        return Direction(
          kind: $0.kind.rawValue, implementation: $0.implementation, fallback: $0.isFallback,
          gflops: gflops, shareOfSgemm: gflops / sgemmGFLOPS)
      }
    }
  }

  /// One JSON object, keys in snake case.
  public func json() throws -> String { try reportJSON() }

  /// Tables: a step's seconds by kind of work, then the convolutions.
  public var table: String {
    var lines = [
      "policy \(policy.rawValue), threads \(threads), sgemm \(Self.round(sgemmGFLOPS)) GFLOP/s, "
        + "peak memory \(peakBytes >> 20) MiB"
    ]
    if train == nil { lines.append("training step: none, batch norm needs two clips or more") }
    for (name, phase) in [("training step", train), ("inference", inference)] {
      guard let phase else { continue }
      let gmac = Self.round(phase.forwardMacs / 1e9)
      lines.append("\(name): \(Self.round(phase.clipsPerSecond)) clips/s, \(gmac) GMAC forward")
      lines += phase.table.lines.map { "  " + $0 }
    }
    if let loading { lines.append(line(of: loading)) }
    let phase = train == nil ? "inference" : "a training step"
    lines.append("convolutions of \(phase), GFLOP/s as if direct, also as a share of sgemm:")
    return (lines + convolutions.lines.map { "  " + $0 }).joined(separator: "\n")
  }

  private func line(of loading: LoadingMeasurement) -> String {
    let share = train.map {
      let share = loading.share(ofStepAt: $0.clipsPerSecond, threads: threads)
      return ", \(Self.round(100 * share)) % of a training step"
    }
    let bad = loading.badClips > 0 ? ", \(loading.badClips) of \(loading.clips) bad" : ""
    return "loading: \(Self.round(loading.clipsPerCoreSecond)) clips/s of a core"
      + "\(share ?? ""), \(Self.round(loading.clipsPerSecond)) clips/s by the clock\(bad)"
  }

  private var convolutions: TextTable {
    var table = TextTable([.left, .left, .left, .right, .right, .left])
    table.add(["layer", "shape", "direction", "GFLOP/s", "share", "implementation"])
    for layer in layers {
      for direction in layer.directions {
        table.add([
          layer.name, layer.shape, direction.kind, Self.round(direction.gflops),
          Self.round(direction.shareOfSgemm),
          direction.implementation + (direction.fallback ? "  FALLBACK" : ""),
        ])
      }
    }
    return table
  }

  fileprivate static func round(_ value: Double) -> String {
    String(format: value < 10 ? "%.2f" : "%.1f", value)
  }

  private static func peakResidentBytes() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss << 10
  }
}

extension BenchmarkReport.Phase {
  /// The kinds of work that took time, the longest first.
  fileprivate var table: TextTable {
    var table = TextTable([.left, .right, .right])
    let total = seconds.values.reduce(0, +)
    for (kind, seconds) in seconds.sorted(by: { $0.value > $1.value }) where seconds > 0 {
      table.add([
        kind, BenchmarkReport.round(seconds * 1000) + " ms",
        BenchmarkReport.round(100 * seconds / total) + " %",
      ])
    }
    return table
  }
}
