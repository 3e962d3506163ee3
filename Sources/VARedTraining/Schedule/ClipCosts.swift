// What each training clip cost when gates last decided about it: what clips are dealt by.

import VARedDist

/// Executed MACs of every training clip, by its index; 0: not known.
///
/// What an epoch's clips are dealt by stays as it is in the epoch, because clips are loaded ahead;
/// what they cost meanwhile is kept beside it, by rank 0. Both are part of a checkpoint, so that a
/// run which was interrupted amid an epoch deals the rest of it as it would have.
public struct ClipCosts: Equatable, Sendable {
  /// As of the end of the epoch before; the same on every rank.
  public private(set) var known: [Int64]
  /// Of the epoch so far; on rank 0.
  public private(set) var latest: [Int64]

  /// No cost is known of `count` clips.
  init(count: Int) {
    known = [Int64](repeating: 0, count: count)
    latest = known
  }

  /// What a checkpoint stores: `known`, then `latest`.
  var stored: [Int64] { known + latest }

  /// What no clip costs: a hundred times the largest that a network can be given.
  private static let mostMACs = Int64(1) << 50

  /// Values a checkpoint stored; nil if they are not of `count` clips, or cannot be.
  init?(stored: [Int64], count: Int) {
    guard stored.count == 2 * count, stored.allSatisfy({ (0...Self.mostMACs).contains($0) })
    else { return nil }
    known = Array(stored.prefix(count))
    latest = Array(stored.suffix(count))
  }

  /// What rank 0 knows of the clips of a step.
  ///
  /// - Parameter pairs: index and MACs of one clip after the other.
  mutating func note(_ pairs: some Collection<Double>) {
    let numbers = Array(pairs)
    for place in stride(from: 0, to: numbers.count - 1, by: 2) {
      latest[Int(numbers[place])] = Int64(numbers[place + 1])
    }
  }

  /// Takes what the epoch before cost for what the next is dealt by.
  mutating func beginEpoch() {
    for clip in latest.indices where latest[clip] > 0 { known[clip] = latest[clip] }
    latest = [Int64](repeating: 0, count: known.count)
  }

  /// Makes what rank 0 deals by that of all ranks. Collective.
  ///
  /// - Throws: `MPIError`.
  mutating func share(over communicator: Communicator) throws {
    let bytes = try communicator.broadcast(known.withUnsafeBytes { Array($0) })
    known = bytes.withUnsafeBytes { Array($0.bindMemory(to: Int64.self)) }
  }
}
