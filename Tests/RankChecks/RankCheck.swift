// RankCheck: named checks on one rank: what they expect, and how the ranks agree on the outcome.

import Foundation
import VARedDist

/// All checks by name; a new check is a function in a file of its own and a line here.
let rankChecks: [String: @Sendable (RankCheck) throws -> Void] = [
  "world": checkWorld,
  "all-reduce": checkAllReduce,
  "all-reduce-max": checkAllReduceMax,
  "rank-groups": checkRankGroups,
  "broadcast": checkBroadcast,
  "gather": checkGather,
  "gather-numbers": checkGatherNumbers,
  "barrier": checkBarrier,
  "buckets": checkBuckets,
  "buckets-between": checkBucketsBetweenCollectives,
  "mpi-error": checkMPIError,
  "different-lengths": checkDifferentLengths,
  "disagree": checkDisagree,
  "fail": checkFailure,
  "together": checkTogether,
  "same": checkSame,
  "stall": checkStall,
  "no-stall": checkNoStall,
  "suspended": checkSuspended,
  "signals": checkSignals,
  "all-reduce-timing": timeAllReduce,
  "network-equivalence": checkNetworkEquivalence,
  "multi-label-equivalence": checkMultiLabelEquivalence,
]

/// The checks of one rank. Expectations are collected, not thrown: a rank that left a check early
/// would leave the others waiting in a collective.
final class RankCheck {
  let arguments: [String]
  let communicator: Communicator
  private var pieceBytes = Int.max
  private var failures: [String] = []
  private var failedSomewhere = false

  var rank: Int { communicator.rank }
  var size: Int { communicator.size }

  init(_ arguments: [String]) throws {
    if let flag = arguments.firstIndex(of: "--piece-bytes"), flag + 1 < arguments.count,
      let bytes = Int(arguments[flag + 1])
    {
      communicator = try Communicator.initialize(pieceBytes: bytes)
      pieceBytes = bytes
      self.arguments = Array(arguments[..<flag] + arguments[(flag + 2)...])
    } else {
      communicator = try Communicator.initialize()
      self.arguments = arguments
    }
  }

  /// Those of `lengths` that are at most 300 pieces. Ranks take turns at every piece, and on a
  /// loaded machine a turn is milliseconds.
  func inFewPieces(_ lengths: [Int], elementBytes: Int) -> [Int] {
    lengths.filter { $0 * elementBytes / pieceBytes <= 300 }
  }

  /// Records a failure unless `condition` holds; never ends the check.
  func expect(_ condition: Bool, _ what: @autoclosure () -> String) {
    if !condition { failures.append(what()) }
  }

  /// Records a failure unless the two values are equal.
  func expectEqual<Value: Equatable>(
    _ found: Value, _ expected: Value, _ what: @autoclosure () -> String
  ) {
    expect(found == expected, "\(what()): expected \(expected), found \(found)")
  }

  /// Ends the check `name`: every rank says what failed on it; rank 0 says `PASS` if nothing failed
  /// on any rank.
  func agree(on name: String) throws {
    let failed = try communicator.allReduceMax(failures.isEmpty ? 0 : 1) != 0
    sayFailures(name)
    if !failed && rank == 0 { say("PASS \(name) on \(size) ranks") }
    failedSomewhere = failedSomewhere || failed
  }

  /// Finalizes and exits.
  func conclude() -> Never {
    communicator.finalize()
    communicator.finalize()
    expectRefusalAfterFinalize()
    sayFailures("finalize")
    exit(failedSomewhere ? 1 : 0)
  }

  private func sayFailures(_ name: String) {
    for failure in failures.prefix(5) {
      let line = "rank \(rank) of \(size): FAIL \(name): \(failure)\n"
      FileHandle.standardError.write(Data(line.utf8))
    }
    failedSomewhere = failedSomewhere || !failures.isEmpty
    failures = []
  }

  private func expectRefusalAfterFinalize() {
    do {
      try communicator.barrier()
      expect(false, "barrier after finalize did not throw")
    } catch {
      expect("\(error)".contains("MPI is finalized"), "after finalize: \(error)")
    }
  }
}

/// Writes a line to stdout at once, for a test that reads along.
func say(_ line: String) {
  FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

/// A seeded generator (SplitMix64), the same numbers for the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
