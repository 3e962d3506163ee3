// Batch-norm statistics over all ranks: the network asks, the ranks answer.

import VARedDist
import VARedNN

/// Sums batch-norm statistics over the ranks (`--sync-bn`).
final class RankStatistics: StatisticsReducer {
  private let communicator: Communicator

  init(_ communicator: Communicator) { self.communicator = communicator }

  var ranks: Int { communicator.size }

  func sum(_ values: UnsafeMutableBufferPointer<Double>) throws {
    try communicator.allReduceSum(values)
  }
}
