// Which clips each rank reads at each step.

/// A pure function of (seed, epoch): the clips that rank `rank` of `ranks` reads at every step.
///
/// The clips of an epoch are put in one order (a Fisher–Yates shuffle drawn from
/// `SplitMix64(mixing: seed, epoch)`, or 0, 1, 2 … without `shuffle`), cut into global batches of
/// `ranks · batch`, and rank r takes the r-th part of each: r ranks × batch b read what one rank
/// × batch r·b reads, in the same order. Every clip is read at most once per epoch, and every
/// rank has the same number of steps. The last, incomplete global batch is dropped with
/// `dropLast`; otherwise it is shared out evenly, and a rank may get an empty batch.
public struct ShardedSampler: Sendable {
  /// Clips in the split.
  public let count: Int
  /// Ranks that share them.
  public let ranks: Int
  /// The rank this sampler is for.
  public let rank: Int
  /// Clips per rank and step.
  public let batch: Int
  private let shuffle: Bool
  private let seed: UInt64
  private let dropLast: Bool

  /// A sampler for one rank.
  ///
  /// - Precondition: `0 ≤ rank < ranks`, `batch` ≥ 1, `count` ≥ 0.
  public init(
    count: Int, ranks: Int, rank: Int, batch: Int, shuffle: Bool, seed: UInt64, dropLast: Bool
  ) {
    precondition(ranks >= 1 && (0..<ranks).contains(rank), "rank \(rank) of \(ranks)")
    precondition(batch >= 1 && count >= 0, "batch \(batch) of \(count) clips")
    self.count = count
    self.ranks = ranks
    self.rank = rank
    self.batch = batch
    self.shuffle = shuffle
    self.seed = seed
    self.dropLast = dropLast
  }

  /// Steps per epoch, the same on every rank; 0 when `dropLast` leaves nothing.
  public var steps: Int {
    let global = ranks * batch
    return dropLast ? count / global : (count + global - 1) / global
  }

  /// The clip indices of every step of `epoch` for this rank.
  ///
  /// - Parameters:
  ///   - epoch: from 0.
  ///   - costs: what the clips of whole global batches are dealt by (``ClipDealing``); the batches
  ///     themselves are the same.
  /// - Complexity: O(count).
  public func batches(epoch: Int, costs: [Int64] = []) -> [[Int]] {
    let order = order(epoch: epoch)
    let global = ranks * batch
    return (0..<steps).map { step in
      let first = step * global
      let clips = min(global, count - first)
      guard clips < global else {
        let whole = Array(order[first..<first + global])
        return ClipDealing.deal(whole, over: ranks, costs: costs)[rank]
      }
      return Array(order[(first + clips * rank / ranks)..<(first + clips * (rank + 1) / ranks)])
    }
  }

  private func order(epoch: Int) -> [Int] {
    var order = Array(0..<count)
    guard shuffle else { return order }
    var random = SplitMix64(mixing: seed, UInt64(bitPattern: Int64(epoch)))
    for i in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(i, random.below(i + 1))
    }
    return order
  }

  /// Refuses a split that does not fill one global batch.
  ///
  /// - Parameter path: the label or clips file, for the message.
  /// - Throws: `DatasetError` when an epoch would have no step.
  public func requireSteps(path: String) throws {
    guard steps == 0 else { return }
    let global = ranks * batch
    throw DatasetError(
      path: path, expected: "at least \(global) training clips (\(ranks) ranks × batch \(batch))",
      found: "\(count)", remedy: "use fewer ranks, a smaller batch, or more clips")
  }
}
