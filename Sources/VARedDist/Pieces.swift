// Pieces: a long buffer as the ranges that one MPI call each may cover.

extension Communicator {
  /// Calls `body` with the ranges of `0..<count` that fit one MPI call, in order.
  ///
  /// Two reasons for pieces: MPI counts are `Int32`, and with Open MPI an all-reduce of 120 MB in
  /// pieces of 4 MB is several times faster than in one call. Every rank cuts the same count the
  /// same way.
  ///
  /// - Parameters:
  ///   - count: elements in the buffer.
  ///   - elementBytes: size of an element in bytes.
  ///   - body: called with a range of element indices and its length as MPI wants it.
  /// - Throws: what `body` throws.
  func forEachPiece(
    of count: Int, elementBytes: Int, _ body: (_ range: Range<Int>, _ count: Int32) throws -> Void
  ) rethrows {
    let step = max(1, min(pieceBytes / elementBytes, Int(Int32.max)))
    for start in stride(from: 0, to: count, by: step) {
      let range = start..<min(start + step, count)
      try body(range, Int32(range.count))
    }
  }
}
