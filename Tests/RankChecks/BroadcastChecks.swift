// Checks of Broadcast, Gather and Barrier, with every rank as the root.

import Foundation
import VARedDist

/// Float buffers and byte strings of unknown length, from every root.
func checkBroadcast(_ check: RankCheck) throws {
  for root in 0..<check.size {
    for count in check.inFewPieces([0, 1, 3, 255, 1023, 1_100_001], elementBytes: 4) {
      var floats = (0..<count).map { Float(pattern(rank: check.rank, index: $0)) }
      try floats.withUnsafeMutableBufferPointer {
        try check.communicator.broadcast($0, from: root)
      }
      let wrong = floats.indices.first { floats[$0] != Float(pattern(rank: root, index: $0)) }
      check.expect(wrong == nil, "\(count) floats from \(root): wrong at \(wrong ?? -1)")

      let bytes = payload(rank: root, count: count)
      let mine = check.rank == root ? bytes : payload(rank: check.rank, count: check.rank)
      let received = try check.communicator.broadcast(mine, from: root)
      check.expect(received == bytes, "\(count) bytes from \(root) differ")
    }
  }
}

/// Byte strings of different lengths, some empty, to every root.
func checkGather(_ check: RankCheck) throws {
  for root in 0..<check.size {
    for unit in check.inFewPieces([0, 1, 7, 1001, 50_001], elementBytes: check.size) {
      let mine = payload(rank: check.rank, count: check.rank * unit)
      let all = try check.communicator.gather(mine, to: root)
      if check.rank == root {
        let expected = (0..<check.size).map { payload(rank: $0, count: $0 * unit) }
        check.expect(all == expected, "gather to \(root) in units of \(unit) differs")
      } else {
        check.expect(all == nil, "rank got a result gathered to \(root)")
      }
    }
  }
}

/// As many numbers of every rank, to every root.
func checkGatherNumbers(_ check: RankCheck) throws {
  func numbers(of rank: Int, _ count: Int) -> [Double] {
    (0..<count).map { Double(pattern(rank: rank, index: $0)) / 3 }
  }
  for root in 0..<check.size {
    for count in [0, 1, 4, 1001] {
      let all = try check.communicator.gather(numbers(of: check.rank, count), to: root)
      let expected = (0..<check.size).flatMap { numbers(of: $0, count) }
      check.expect(
        all == (check.rank == root ? expected : nil), "\(count) numbers to \(root) differ")
    }
  }
}

/// Nobody leaves the barrier before the last one has come.
func checkBarrier(_ check: RankCheck) throws {
  for late in 0..<check.size {
    if check.rank == late { usleep(100_000) }
    let entered = monotonicMicroseconds()
    try check.communicator.barrier()
    let left = monotonicMicroseconds()
    let lastEntered = try check.communicator.allReduceMax(entered)
    check.expect(left >= lastEntered, "left \(lastEntered - left) µs before rank \(late) came")
  }
}

private func payload(rank: Int, count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ rank &* 17) }
}

/// The host's clock; the ranks of a test share one host.
func monotonicMicroseconds() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}
