// How long a run may take: durations, what schedulers say, the margin before the end, and how many
// steps.

import Foundation
import TrainingTestSupport
import Testing
import VARedDist

@testable import VARedTraining

@Suite(.serialized) struct TimeLimitTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  @Test(arguments: [
    ("90", 90.0), ("90s", 90), ("30m", 1800), ("11h", 39_600), ("2d", 172_800), ("1h30m", 5400),
    ("45:30", 2730), ("12:00:00", 43_200), ("1-12:00:00", 129_600), ("1-00:30", 86_430),
  ])
  func durationsAsPeopleWriteThem(_ text: String, seconds: Double) throws {
    let limit = try #require(RunTimeLimit(text))
    #expect(limit.seconds == seconds && limit.description == text)
  }

  @Test(arguments: [
    "", "0", "0s", "-5", "1.5h", "h", "5x", "30m1h", "1h1h", "1:75", "1:2:3:4", "a-1:00",
    "1-2-3:00", "90 s", "٣", "99999999999999999999", "1-", ":", "NONE",
  ])
  func whatIsNoDuration(_ text: String) { #expect(RunTimeLimit(text) == nil) }

  private func end(_ limit: RunTimeLimit?, _ environment: [String: String]) -> (Double, String)? {
    let start = Date(timeIntervalSince1970: 1000)
    let limit = TimeLimit(limit, start: start, checkpointBytes: 0, environment: environment)
    return limit.end.map { ($0.date.timeIntervalSince(start), $0.source) }
  }

  @Test func theFlagWinsOverTheScheduler() throws {
    let slurm = ["SLURM_JOB_END_TIME": "1600", "PBS_WALLTIME": "50"]
    #expect(try #require(end(nil, slurm)) == (600, "SLURM_JOB_END_TIME"))
    #expect(try #require(end(nil, ["PBS_WALLTIME": "50"])) == (50, "PBS_WALLTIME"))
    #expect(try #require(end(RunTimeLimit("2m"), slurm)) == (120, "--time-limit 2m"))
    #expect(end(RunTimeLimit("none"), slurm) == nil)
    #expect(end(nil, ["SLURM_JOB_END_TIME": "soon"]) == nil)
    #expect(end(nil, [:]) == nil)
  }

  @Test func theMarginHasRoomForStepAndCheckpoint() {
    let limit = TimeLimit(
      RunTimeLimit("1000"), start: Date(), checkpointBytes: 500_000_000, environment: [:])
    #expect(limit.marginSeconds == 2 * 5 + 30)
    limit.saw(stepSeconds: 8)
    limit.saw(stepSeconds: 3)
    limit.saw(checkpointSeconds: 7)
    #expect(limit.marginSeconds == 2 * (8 + 7) + 30)
  }

  @Test func aRunStopsBeforeItsTimeIsUp() throws {
    let more = ["--epochs", "100000", "--evaluate-every", "0", "--time-limit", "8s"]
    let result = try launch(arguments("run", more), ranks: 2).run()
    #expect(result.status == 75 && !result.timedOut, "\(result)")
    #expect(result.stdout.contains("time limit: ends in "), "\(result)")
    #expect(
      result.stdout.contains("stopped by the time limit with a checkpoint at step"), "\(result)")
    #expect(try newest("run").header.position.step > 0)
  }

  /// Four steps an epoch: a start ends amid an epoch, at the end of one, and before the evaluation
  /// of the last.
  @Test func aStepLimitCountsFromEachStart() throws {
    let more = ["--evaluate-every", "0", "--step-limit", "4"]
    let first = try launch(
      arguments("run", more + ["--batch", "2", "--step-limit", "2"]), ranks: 2
    ).run()
    #expect(first.status == 75 && first.stderr.contains("the step limit reached"), "\(first)")
    let ends = [(4, 6), (2, 8), (4, 12)]
    for (limit, step) in ends {
      let result = try launch(
        arguments("run", more + ["--batch", "2", "--step-limit", "\(limit)"]), ranks: 2
      ).run()
      #expect(result.status == 75, "\(result)")
      #expect(
        result.stdout.contains("stopped by the step limit with a checkpoint at step \(step);"),
        "\(result)")
    }
    let last = try run(arguments("run", more + ["--batch", "2"]), ranks: 2)
    #expect(last.stdout.contains("done: 3 epochs"), "\(last)")
    #expect(try objects("run").filter { $0["kind"] as? String == "evaluation" }.count == 1)
    _ = try run(
      arguments("straight", ["--evaluate-every", "0", "--batch", "2"]), ranks: 2)
    #expect(try losses("run", steps: 12) == losses("straight", steps: 12))
  }

  @Test func everyLineOfALogHasItsTime() throws {
    let result = try launch(arguments("run", ["--epochs", "2"])).run()
    #expect(result.status == 0 && result.log.linesWithoutTime.isEmpty, "\(result.log)")
    let refused = try launch(arguments("run", ["--width", "0.25"])).run()
    #expect(refused.status == 2 && refused.errorLog.linesWithoutTime.isEmpty, "\(refused)")
    let evaluation = try run(["evaluate", "--checkpoint", scratch("run"), "--data", clips])
    #expect(evaluation.log == evaluation.stdout)
  }
}
