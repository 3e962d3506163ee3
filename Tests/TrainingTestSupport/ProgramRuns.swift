// What tests of whole runs share: starting the program on a small set, and reading what it wrote.

import Foundation
import TestSupport
import Testing
import VARedTraining

/// A suite that runs the program in a folder of its own.
public protocol ProgramRuns {
  /// The suite's folder.
  var scratch: Scratch { get }
  /// The set of `Scratch.writeClips`.
  var clips: String { get }
}

extension ProgramRuns {
  /// Flags of a training that takes seconds and writes to `output`; of a flag twice, the last
  /// counts.
  public func arguments(_ output: String, _ more: [String] = []) -> [String] {
    [
      "--data", clips, "--output", scratch(output), "--width", "0.125", "--frames", "4", "--size",
      "16", "--batch", "4", "--epochs", "3", "--learning-rate", "0.02", "--gate-hidden", "8",
      "--threads", "1", "--data-threads", "1", "--frame-stride", "1",
    ] + more
  }

  /// The program with `arguments`; nil ranks: without `mpirun`.
  public func launch(_ arguments: [String], ranks: Int? = nil) -> RankLaunch {
    RankLaunch("vared-train", arguments, ranks: ranks)
  }

  /// Runs it and expects that it succeeds.
  public func run(
    _ arguments: [String], ranks: Int? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> LaunchResult {
    let result = try launch(arguments, ranks: ranks).run()
    #expect(
      result.status == 0 && !result.timedOut, "\(arguments): \(result)",
      sourceLocation: sourceLocation)
    return result
  }

  /// The newest checkpoint of a run.
  package func newest(_ output: String) throws -> Checkpoint {
    try Checkpoint.find(scratch(output))
  }

  /// The lines of a run's metrics.jsonl.
  public func objects(_ output: String) throws -> [[String: Any]] {
    try scratch.text("\(output)/metrics.jsonl").split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  /// Loss of every step in order; fails where a step is missing or twice.
  public func losses(_ output: String, steps: Int) throws -> [Double] {
    let records = try objects(output).filter { $0["kind"] as? String == "step" }
    #expect(records.map { $0["step"] as? Int } == (1...steps).map { $0 })
    return records.compactMap { $0["loss"] as? Double }
  }

  /// The first rank under `launcher`, once there is one.
  public func firstChild(of launcher: Int32) -> Int32? {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let process = Int32(name),
        let stat = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8),
        let fields = stat.range(of: ") ").map({ stat[$0.upperBound...].split(separator: " ") }),
        fields.count > 1, Int32(fields[1]) == launcher
      else { continue }
      return process
    }
    return nil
  }

  /// Waits until `name` is there, or what should write it hangs.
  public func waitFor(_ name: String) {
    for _ in 0..<60_000 where !scratch.exists(name) { usleep(10_000) }
  }
}
