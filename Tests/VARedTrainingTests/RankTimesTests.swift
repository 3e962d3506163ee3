// Where the seconds of a step go on each rank: measured, told to rank 0, written and said.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport

@testable import VARedTraining

@Suite(.serialized) struct RankTimesTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips(train: 24)
  }

  private func times(own: [Double]) -> RankTimes {
    let told = own.flatMap { seconds -> [Double] in [seconds, 2, 3, 0] }
    return RankTimes(told: told, per: 4, hosts: own.indices.map { "node\($0)" })
  }

  @Test func whatIsNotWaitingIsComputing() {
    let clock = StepClock()
    clock.restart()
    clock.waiting(for: \.data) { _ = usleep(30_000) }
    usleep(20_000)
    clock.waiting(for: \.batchNorm) { _ = usleep(20_000) }
    clock.waiting(for: \.batchNorm) { _ = usleep(20_000) }
    let begin = ContinuousClock.now
    let first = clock.lap()
    #expect(first.data >= 0.03 && first.compute >= 0.02 && first.batchNorm >= 0.04)
    #expect(first.gradients == 0)
    clock.waiting(for: \.gradients) { _ = usleep(20_000) }
    let second = clock.lap()
    let passed = begin.duration(to: .now) / .seconds(1)
    #expect(second.gradients >= 0.02 && second.data == 0 && second.batchNorm == 0)
    #expect(second.total <= passed && second.compute < second.total)
  }

  @Test func theSlowestRankWaitsLeastForOthers() throws {
    var told = times(own: [2, 5, 3])
    #expect(told.slowest == 1 && told.ranks[1].total == 10)
    #expect(told.spread(\.compute) == [2, 10.0 / 3, 5] && told.spread(\.gradients) == [3, 3, 3])
    #expect(
      told.line.text.hasSuffix(#""data":[0.0,0.0,0.0],"slowest_rank":1,"slowest_host":"node1"}"#))
    // Who waits for clips makes others wait, too; of equals the first is named.
    told = RankTimes(told: [2, 0, 0, 3, 4, 1, 0, 0, 5, 0, 0, 0], per: 4, hosts: ["a", "b", "c"])
    #expect(told.slowest == 0)
  }

  @Test func onlyARankThatStaysSlowIsNamed() {
    var pace = RankPace()
    #expect(pace.words == nil)
    pace.add(times(own: [1, 1.09]))
    #expect(pace.words == nil)
    pace.add(times(own: [1, 1.5]))
    #expect(pace.words == nil, "a single step")
    for _ in 0..<50 { pace.add(times(own: [1, 1.5])) }
    #expect(pace.words == "rank 1 on node1 is slowest (+20 %)")
  }

  /// What `rank_seconds` says of a step: least, mean and most of each kind.
  private func spreads(_ step: [String: Any]) throws -> [String: [Double]] {
    let seconds = try #require(step["rank_seconds"] as? [String: Any])
    return try Dictionary(
      uniqueKeysWithValues: StepSeconds.fields.map { ($0.name, try #require(seconds[$0.name])) }
    ).mapValues { try #require($0 as? [Double]) }
  }

  @Test(arguments: [nil, 3]) func everyStepSaysWhereItsSecondsWent(ranks: Int?) throws {
    // Two clips a step diverge at the rate of other tests, on some processors.
    let more = ["--evaluate-every", "0", "--batch", "2", "--learning-rate", "0.0001"]
    _ = try run(arguments("run", more), ranks: ranks)
    let steps = try objects("run").filter { $0["kind"] as? String == "step" }
    let perEpoch = 12 / (ranks ?? 1)
    #expect(steps.count == 3 * perEpoch)
    var (told, passed) = (0.0, 0.0)
    for step in steps {
      let kinds = try spreads(step)
      for (name, spread) in kinds {
        #expect(spread.count == 3 && spread[0] >= 0, "\(name): \(spread)")
        #expect(spread[0] <= spread[1] * 1.000001 && spread[1] <= spread[2] * 1.000001, "\(name)")
        if ranks == nil { #expect(spread[0] == spread[2], "\(name): \(spread)") }
      }
      #expect(try #require(kinds["compute"])[0] > 0)
      if ranks != nil { #expect(try #require(kinds["batch_norm"])[2] > 0) }
      let seconds = try #require(step["rank_seconds"] as? [String: Any])
      #expect((0..<(ranks ?? 1)).contains(seconds["slowest_rank"] as? Int ?? -1))
      #expect(seconds["slowest_host"] as? String == ProcessInfo.processInfo.hostName)
      // Ranks begin an epoch when they come to it, and end their steps together.
      guard try #require(step["step"] as? Int) % perEpoch != 1 else { continue }
      told += kinds.values.reduce(0) { $0 + $1[1] }
      passed += try Double(2 * (ranks ?? 1)) / #require(step["clips_per_second"] as? Double)
    }
    #expect(abs(told - passed) <= (ranks == nil ? 1e-5 : 0.5) * passed, "\(told) s of \(passed)")
  }

  /// A rank that is stopped most of the time, as on a host that others use, is named: longer than
  /// others keep the rest of this machine's cores from its neighbour.
  @Test func aSlowRankIsNamed() throws {
    let running = try launch(
      arguments("run", ["--epochs", "12", "--evaluate-every", "0"]), ranks: 2
    ).start()
    #expect(running.waitForOutput("epoch 1/12 step 1/"))
    let slow = try #require(process(ofRank: 1, under: running.processID))
    while !running.stdoutSoFar.contains("epoch 11/12 ") && kill(slow, SIGSTOP) == 0 {
      usleep(20_000)
      kill(slow, SIGCONT)
      usleep(1_000)
    }
    kill(slow, SIGCONT)
    let result = running.wait()
    #expect(result.status == 0, "\(result)")
    let host = ProcessInfo.processInfo.hostName
    #expect(result.stdout.contains("; rank 1 on \(host) is slowest (+"), "\(result)")
    let named = try objects("run").compactMap {
      ($0["rank_seconds"] as? [String: Any])?["slowest_rank"] as? Int
    }
    #expect(named.filter { $0 == 1 }.count > named.count / 2, "\(named)")
  }

  /// The process of a rank that `launcher` has started.
  private func process(ofRank rank: Int, under launcher: Int32) -> Int32? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.first { process in
      let parent = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
      let environment = FileManager.default.contents(atPath: "/proc/\(process)/environ") ?? Data()
      return parent.contains("PPid:\t\(launcher)\n")
        && String(decoding: environment, as: UTF8.self).split(separator: "\0")
          .contains("OMPI_COMM_WORLD_RANK=\(rank)")
    }
  }
}
