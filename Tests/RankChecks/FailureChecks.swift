// Checks that end in failure on purpose: a rank that throws, traps, is killed or leaves; a lasting
// MPI error. The test looks at what the job says and how fast it ends.

import Foundation
import VARedDist

private struct OnPurpose: Error, CustomStringConvertible {
  let description: String
}

/// `fail <throw|trap|kill|exit|buckets|all> <rank>`: that rank fails, the others wait for it; or
/// all fail.
func checkFailure(_ check: RankCheck) throws {
  let way = check.arguments.first ?? ""
  let failing = Int(check.arguments.last ?? "") ?? 0
  Signals.watch()  // A rank with flags instead of SIGTERM's default takes the longest to end.
  try check.communicator.barrier()
  if check.rank == failing || way == "all" {
    usleep(300_000)  // The others are waiting by now.
    switch way {
    case "trap": fatalError("trapped on purpose")
    case "kill": kill(getpid(), SIGKILL)
    case "exit": exit(7)
    default: throw OnPurpose(description: "broken on purpose\nand said in one line")
    }
  }
  if way == "buckets" {
    var gradients = [Float](repeating: 1, count: 10_000)
    try gradients.withUnsafeMutableBufferPointer {
      let buckets = try GradientBuckets(check.communicator, gradients: $0, bucketBytes: 4096)
      try buckets.ready(from: 0)
      _ = try buckets.finish()
    }
  } else {
    try check.communicator.barrier()
  }
  check.expect(false, "went on although rank \(failing) failed")
}

/// `together <first failing rank>`: from that rank on every rank fails; only the first says so.
func checkTogether(_ check: RankCheck) throws {
  let first = Int(check.arguments.first ?? "") ?? 0
  let value = check.communicator.together { check.rank + 1 }
  check.expectEqual(value, check.rank + 1, "the value of a body that went well")
  check.communicator.together(status: { _ in 2 }) {
    if check.rank >= first { throw OnPurpose(description: "no such file on rank \(check.rank)") }
  }
  check.expect(first >= check.size, "went on although rank \(first) failed")
}

/// `same <rank>`: that rank, and those above, hold another text.
func checkSame(_ check: RankCheck) throws {
  let first = Int(check.arguments.first ?? "") ?? 0
  try check.communicator.requireSame("width: 1.0\nframes: 8", "configuration")
  let mine =
    check.rank >= first ? "width: 1.0\nframes: \(16 + check.rank)" : "width: 1.0\nframes: 8"
  do {
    try check.communicator.requireSame(mine, "configuration")
    check.expect(first >= check.size, "rank \(first) differs and nobody minds")
  } catch let error as RankDisagreement {
    let start = "rank \(first) has another configuration than rank 0"
    check.expect("\(error)".hasPrefix(start), "\(error)")
    let difference = "expected 'frames: 8', found 'frames: \(16 + first)'"
    check.expect("\(error)".contains(difference) == (check.rank == first), "\(error)")
  }
}

/// A root that is no rank is an error that names the call and what to do.
func checkMPIError(_ check: RankCheck) throws {
  var values: [Float] = [1]
  for root in [-1, check.size, Int.max] {
    do {
      try values.withUnsafeMutableBufferPointer {
        try check.communicator.broadcast($0, from: root)
      }
      check.expect(false, "root \(root) was accepted")
    } catch let error as MPIError {
      check.expectEqual(error.call, "MPI_Bcast", "call")
      check.expect("\(error)".contains("MPI_ERR_ROOT"), "\(error)")
      check.expect("\(error)".contains("rank from 0 to size - 1"), "\(error)")
      check.expect(!"\(error)".contains("\n"), "more than one line: \(error)")
    }
  }
}

/// The last rank passes a shorter buffer than the root sends: with two ranks Open MPI notices.
func checkDifferentLengths(_ check: RankCheck) throws {
  var values = [Float](repeating: 1, count: check.rank == check.size - 1 ? 5 : 10)
  try values.withUnsafeMutableBufferPointer { try check.communicator.broadcast($0) }
  try check.communicator.barrier()
}
