// `doctor`: a run of it, its model of more ranks, and what it warns of.

import Foundation
import TrainingTestSupport
import Testing
import VARedTraining

@testable import VARedStudies

@Suite(.serialized) struct DoctorTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  @Test func saysWhatARunNeeds() throws {
    let result = try run(["doctor"] + arguments("run"), ranks: 2)
    let sections = ["Hosts", "Memory", "Output", "Speed", "Prediction", "Warnings"]
    let lines = result.log.split(separator: "\n").map(String.init)
    #expect(lines.filter { !$0.hasPrefix(" ") } == sections, "\(result)")
    for words in [": 2 ranks x 1 threads", "a checkpoint of", "a step of 4 clips", "decoding: "] {
      #expect(result.log.contains(words), "\(words): \(result)")
    }
    for ranks in [2, 64, 2048] {
      #expect(lines.contains { $0.split(separator: " ").first == "\(ranks)" }, "\(ranks)")
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: scratch("run"))
    #expect(left == ["checkpoints"])
  }

  @Test func refusesWhatTrainRefuses() throws {
    let result = try launch(["doctor"] + arguments("run", ["--width", "99"])).run()
    #expect(result.status == 2 && result.stderr.hasPrefix("error: --width: expected"), "\(result)")
  }

  private let sums = NetworkMeasurement(ranks: 4, smallSeconds: 8e-6, bucketSeconds: 2e-3)

  /// What the model says of the ranks it was measured on is what was measured.
  @Test func theModelGoesThroughTheMeasurement() {
    let bucket = sums.sumSeconds(
      bytes: Double(NetworkMeasurement.bucketBytes), calls: 1, ranks: 4)
    #expect(abs(bucket - 2e-3) < 1e-12)
    #expect(abs(sums.sumSeconds(bytes: 0, calls: 3, ranks: 4) - 24e-6) < 1e-12)
    #expect(abs(sums.sumSeconds(bytes: 0, calls: 1, ranks: 16) - 16e-6) < 1e-12)
    #expect(sums.sumSeconds(bytes: 1e9, calls: 9, ranks: 1) == 0)
  }

  private func report(_ change: (inout [RankFacts]) -> Void = { _ in }) -> DoctorReport {
    var rank = RankFacts()
    (rank.host, rank.cores, rank.threads) = ("a", [0, 1, 2, 3], 1)
    (rank.availableBytes, rank.peakBytes, rank.computeSeconds) = (8e9, 1e9, 0.5)
    (rank.lanes, rank.versions) = (16, ["libmpi.so.40"])
    var ranks = [rank, rank, rank, rank]
    change(&ranks)
    return DoctorReport(
      configuration: TrainingConfiguration(), ranks: ranks, sums: sums, folder: nil,
      parameters: 1_048_576, sumsPerStep: 10, clips: 1000)
  }

  @Test func aStepIsComputingAndSums() {
    let expected = 0.5 + 2e-3 + 10 * 8e-6
    #expect(abs(report().stepSeconds(ranks: 4) - expected) < 1e-9)
    #expect(report().stepSeconds(ranks: 8) > expected)
  }

  @Test func warnsOfWhatIsWrong() {
    #expect(report().warnings.isEmpty)
    let cases: [(String, (inout [RankFacts]) -> Void)] = [
      ("oversubscribed", { for rank in $0.indices { $0[rank].threads = 2 } }),
      ("mpi_yield_when_idle", { for rank in $0.indices { $0[rank].cores = [0] } }),
      ("memory is short", { for rank in $0.indices { $0[rank].peakBytes = 3e9 } }),
      ("libmpi.so.12", { ($0[3].host, $0[3].versions) = ("b", ["libmpi.so.12"]) }),
      ("8 lanes", { ($0[3].host, $0[3].lanes) = ("b", 8) }),
      ("prepare", { $0[1].decodeSeconds = 0.1 }),
    ]
    for (words, change) in cases {
      #expect(report(change).warnings.contains { $0.contains(words) }, "\(words)")
    }
  }
}
