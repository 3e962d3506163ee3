// Batch-norm statistics over the ranks: the network asks, the ranks answer.

import VARedDist
import VARedNN

/// Sums batch-norm statistics over all ranks, or a group of them (`--sync-bn-ranks`).
final class RankStatistics: StatisticsReducer {
  /// Hears when this rank waits for the others, so that a stall is blamed on the rank that hangs.
  var watch: StallWatch?
  /// Counts the seconds.
  var clock: StepClock?
  /// What is in the way of batch norm's sums on the network.
  var buckets: GradientBuckets?
  private let group: RankGroup

  /// - Parameter group: the ranks whose clips a statistic is taken over.
  init(_ group: RankGroup) { self.group = group }

  var ranks: Int { group.size }

  func sum(_ values: UnsafeMutableBufferPointer<Double>) throws {
    try watched { try group.allReduceSum(values) }
  }

  func sum(_ values: UnsafeMutableBufferPointer<Int64>) throws {
    try watched { try group.allReduceSum(values) }
  }

  private func watched(_ collective: () throws -> Void) rethrows {
    guard let watch else { return try timed(collective) }
    try watch.waiting(in: "batch-norm all-reduce") { try timed(collective) }
  }

  private func timed(_ collective: () throws -> Void) rethrows {
    guard let clock else { return try yielded(collective) }
    try clock.waiting(for: \.batchNorm) { try yielded(collective) }
  }

  private func yielded(_ collective: () throws -> Void) rethrows {
    if let buckets { try buckets.yielding(to: collective) } else { try collective() }
  }
}
