// What a benchmark found, for people and as JSON.

import Foundation
import VARedNN

/// The figures of one benchmark.
public struct BenchmarkReport: Encodable {
  /// Threads that were used.
  let threads: Int
  /// GFLOP/s of a 2048³ product on them, in this run.
  let sgemmGFLOPS: Double
  let train: Phase
  let inference: Phase
  /// Peak memory of the process, both phases.
  let peakBytes = Self.peakResidentBytes()
  /// The convolutions in a training step.
  let layers: [Layer]

  /// Training or inference.
  struct Phase: Encodable {
    /// From the median step.
    let clipsPerSecond: Double
    /// Multiply-accumulates of one clip's forward pass, as issued.
    let forwardMacs: Double
    /// Seconds per step by kind of work, means over the steps; `other` is what is left.
    let seconds: [String: Double]

    init(_ timing: Benchmark.Timing, batch: Int, optimizer: Double?, forwardMACs: Double) {
      let count = Double(timing.steps.count)
      clipsPerSecond = Double(batch) / timing.steps.sorted()[timing.steps.count / 2]
      forwardMacs = forwardMACs
      var seconds = [String: Double](
        uniqueKeysWithValues: timing.kinds.map { ($0.rawValue, $1 / count) })
      if let optimizer { seconds["optimizer"] = optimizer / count }
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

  /// A table.
  public var table: String {
    var lines = [
      "threads \(threads), sgemm \(Self.round(sgemmGFLOPS)) GFLOP/s, peak memory "
        + "\(peakBytes >> 20) MiB"
    ]
    for (name, phase) in [("training step", train), ("inference", inference)] {
      let gmac = Self.round(phase.forwardMacs / 1e9)
      lines.append("\(name): \(Self.round(phase.clipsPerSecond)) clips/s, \(gmac) GMAC forward")
      let total = phase.seconds.values.reduce(0, +)
      for (kind, seconds) in phase.seconds.sorted(by: { $0.value > $1.value }) where seconds > 0 {
        let share = Self.round(100 * seconds / total)
        lines.append("  \(kind): \(Self.round(seconds * 1000)) ms, \(share) %")
      }
    }
    lines.append("convolutions of a training step, GFLOP/s as if direct (share of sgemm):")
    for layer in layers {
      lines.append("  \(layer.name)  \(layer.shape)")
      for direction in layer.directions {
        let flag = direction.fallback ? "  FALLBACK" : ""
        lines.append(
          "    \(direction.kind): \(Self.round(direction.gflops)) "
            + "(\(Self.round(direction.shareOfSgemm))) \(direction.implementation)\(flag)")
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func round(_ value: Double) -> String {
    String(format: value < 10 ? "%.2f" : "%.1f", value)
  }

  private static func peakResidentBytes() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss << 10
  }
}
