// Batch-norm statistics over all ranks: the network asks, the ranks answer.

import VARedDist
import VARedNN

/// Sums batch-norm statistics over the ranks (`--sync-bn`).
final class RankStatistics: StatisticsReducer {
  /// Hears when this rank waits for the others, so that a stall is blamed on the rank that hangs.
  var watch: StallWatch?
  private let communicator: Communicator

  init(_ communicator: Communicator) { self.communicator = communicator }

  var ranks: Int { communicator.size }

  func sum(_ values: UnsafeMutableBufferPointer<Double>) throws {
    watch?.progress("batch-norm all-reduce", waiting: true)
    try communicator.allReduceSum(values)
    watch?.progress("forward and backward")
  }
}
