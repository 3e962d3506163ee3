// How fast the ranks add up, and what that says of more ranks: the α-β model.

import Foundation
import VARedDist

/// Sums over the ranks, measured.
struct NetworkMeasurement {
  let ranks: Int
  /// Of a sum of a few numbers, in seconds.
  let smallSeconds: Double
  /// Of a sum of one gradient bucket.
  let bucketSeconds: Double
  /// Bytes of a bucket.
  static let bucketBytes = 4 << 20

  /// As measured elsewhere.
  init(ranks: Int, smallSeconds: Double, bucketSeconds: Double) {
    (self.ranks, self.smallSeconds, self.bucketSeconds) = (ranks, smallSeconds, bucketSeconds)
  }

  /// Collective; some seconds at most.
  ///
  /// - Throws: `MPIError`.
  init(_ communicator: Communicator) throws {
    ranks = communicator.size
    smallSeconds = try Self.time(communicator, bytes: 1024, rounds: 50)
    bucketSeconds = try Self.time(communicator, bytes: Self.bucketBytes, rounds: 8)
  }

  /// The median of some sums, the slowest rank's.
  private static func time(
    _ communicator: Communicator, bytes: Int, rounds: Int
  ) throws -> Double {
    var values = [Float](repeating: 1, count: bytes / 4)
    var seconds: [Double] = []
    for round in 0...rounds {
      try communicator.barrier()
      let start = ContinuousClock.now
      try values.withUnsafeMutableBufferPointer { try communicator.allReduceSum($0) }
      let nanoseconds = Int(start.duration(to: .now) / .nanoseconds(1))
      let slowest = try communicator.allReduceMax(nanoseconds)
      // The first makes the connections.
      if round > 0 { seconds.append(Double(slowest) * 1e-9) }
      for index in values.indices { values[index] = 1 }
    }
    return seconds.sorted()[rounds / 2]
  }

  /// Bytes a second of a bucket's sum, as the bucket's bytes over its seconds.
  var bandwidth: Double { Double(Self.bucketBytes) / bucketSeconds }

  /// α: seconds of one message; a small sum takes 2·log2 p of them.
  var messageSeconds: Double { smallSeconds / (2 * log2(Double(max(2, ranks)))) }

  /// β: seconds of one byte; a large sum moves 2·(p − 1)/p bytes of each.
  var byteSeconds: Double {
    let moved = 2 * Double(ranks - 1) / Double(ranks) * Double(Self.bucketBytes)
    return max(0, bucketSeconds - smallSeconds) / moved
  }

  /// Seconds of a sum of `bytes` in `calls` calls over `ranks` ranks.
  func sumSeconds(bytes: Double, calls: Double, ranks: Int) -> Double {
    guard ranks > 1 else { return 0 }
    let p = Double(ranks)
    return calls * 2 * log2(p) * messageSeconds + 2 * (p - 1) / p * bytes * byteSeconds
  }
}
