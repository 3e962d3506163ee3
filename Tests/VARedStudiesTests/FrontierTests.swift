// `frontier`: that its runs are what the same runs would be on their own, and what it writes.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport

@testable import VARedStudies
@testable import VARedTraining

@Suite(.serialized) struct FrontierTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  private func frontier(_ output: String, _ more: [String] = []) -> [String] {
    ["frontier"] + arguments(output, ["--evaluate-every", "0", "--timing-rounds", "1"] + more)
  }

  private func rows(_ output: String) throws -> [[String: String]] {
    let lines = try scratch.text("\(output)/frontier.csv").split(separator: "\n")
    func cells(_ line: Substring) -> [String] {
      line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    let header = cells(lines[0])
    return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, cells($0))) }
  }

  @Test func everyNetworkIsInTheTableAndEqualsARunOfItsOwn() throws {
    let targets = ["--targets", "0.5,0.9"]
    let result = try run(frontier("f", targets), ranks: 2)
    let rows = try rows("f")
    #expect(
      rows.compactMap { $0["network"] } == [
        "fixed", "gates-0.5", "gates-0.9", "half-frames", "half-channels", "half", "random-0.5",
        "random-0.9",
      ])
    for row in rows {
      let name = try #require(row["network"])
      let last = try objects("f/\(name)").last { $0["kind"] as? String == "evaluation" }
      for key in ["top1", "conv_ratio"] {
        let value = row[key].flatMap { Double($0) } ?? -1
        // metrics.jsonl has single precision.
        #expect(abs(value - (last?[key] as? Double ?? 0)) < 1e-6, "\(name): \(key)")
      }
      #expect((row["seconds_per_clip"].flatMap { Double($0) } ?? 0) > 0)
      #expect(result.stdout.contains("\n\(name) "), "\(name) is not in the table")
    }
    #expect(rows.first?["conv_ratio"] == "1.0")
    #expect(try scratch.text("f/frontier.svg").contains("measured milliseconds"))

    let alone = arguments("alone", ["--evaluate-every", "0", "--target-ratio", "0.5"])
    _ = try run(alone, ranks: 2)
    #expect(try newest("alone").model == newest("f/gates-0.5").model)
    let fixed = arguments("alone-fixed", ["--evaluate-every", "0", "--network", "fixed"])
    _ = try run(fixed, ranks: 2)
    #expect(try newest("alone-fixed").model == newest("f/fixed").model)
  }

  @Test func itGoesOnWhereItStopped() throws {
    let more = ["--targets", "0.7", "--baselines", "half", "--epochs", "40"]
    let running = try launch(frontier("f", more)).start()
    #expect(running.waitForOutput("== gates-0.7"))
    #expect(running.waitForOutput("resuming from"))
    kill(running.processID, SIGINT)
    let stopped = running.wait()
    #expect(stopped.status == 130, "\(stopped)")
    #expect(!scratch.exists("f/frontier.csv"))
    let fixed = try newest("f/fixed")
    _ = try run(frontier("f", more))
    #expect(try rows("f").compactMap { $0["network"] } == ["fixed", "gates-0.7", "half"])
    #expect(try newest("f/fixed").model == fixed.model)
    #expect(try newest("f/gates-0.7").header.position.epoch == 40)

    let other = try launch(frontier("f", more + ["--learning-rate", "0.01"])).run()
    #expect(
      other.status == 2
        && other.stderr.contains("f/warm-up: was trained with learning-rate 0.02, found 0.01 here"),
      "\(other)")
  }

  @Test func whatCannotBeComparedIsRefused() throws {
    let wrong: [([String], String)] = [
      (["--targets", "0.5,x"], "--targets: expected numbers with commas between, found 'x'"),
      (["--targets", "0.5,1.5"], "--targets"), (["--targets", "0.5,0.5"], "--targets"),
      (["--targets", ""], "--targets"), (["--baselines", "gates"], "--baselines"),
      (["--baselines", "quarter"], "--baselines"), (["--network", "fixed"], "--network"),
      (["--target-ratio", "0.5"], "--target-ratio"), (["--warmup-share", "0"], "--warmup-share"),
      (["--policy", "half"], "--policy"), (["--resume", "none"], "--resume"),
      (["--targets", "0.05,0.9"], "--targets: expected at least"),
      (["--baselines", "half,half"], "--baselines"),
      (["--warmup-share", "0.01"], "--warmup-share: expected steps"),
    ]
    for (flags, message) in wrong {
      let result = try launch(frontier("wrong", flags)).run()
      #expect(result.status == 2 && result.stderr.contains(message), "\(flags): \(result)")
      #expect(!scratch.exists("wrong"), "\(flags)")
    }
  }
}
