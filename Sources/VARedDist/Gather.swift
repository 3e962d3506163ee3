// Gather: every rank's bytes to one rank.

import CMPI

extension Communicator {
  /// Every rank's bytes, in rank order, on rank `root`; nil on the others. Lengths may differ.
  ///
  /// Wraps `MPI_Gather` for the lengths (MPI 3.1 §5.5), then `MPI_Send` and `MPI_Recv` for the
  /// bytes (§3.2), in pieces: `MPI_Gatherv` cannot address more than 2 GB in all. Collective.
  ///
  /// - Parameters:
  ///   - bytes: what this rank hands in.
  ///   - root: the rank that gets all.
  /// - Throws: ``MPIError``, for a root that is no rank, too.
  public func gather(_ bytes: [UInt8], to root: Int = 0) throws -> [[UInt8]]? {
    let lengths = try gatherLengths(Int64(bytes.count), to: root)
    guard rank == root else {
      try send(bytes, to: root)
      return nil
    }
    return try (0..<size).map { sender in
      sender == rank ? bytes : try receive(Int(lengths[sender]), from: sender)
    }
  }

  /// Every rank's numbers, one rank's after another's, on rank `root`; nil on the others.
  ///
  /// Wraps one `MPI_Gather` (MPI 3.1 §5.5). Collective, but few numbers are on their way when a
  /// rank other than `root` goes on.
  ///
  /// - Parameters:
  ///   - values: as many on every rank.
  ///   - root: the rank that gets all.
  /// - Throws: ``MPIError``, for a root that is no rank, too.
  public func gather(_ values: [Double], to root: Int = 0) throws -> [Double]? {
    let count = Int32(values.count)
    var all = [Double](repeating: 0, count: rank == root ? size * values.count : 0)
    try check("MPI_Gather") {
      MPI_Gather(
        values, count, vared_MPI_DOUBLE(), &all, count, vared_MPI_DOUBLE(),
        Int32(clamping: root), handle)
    }
    return rank == root ? all : nil
  }

  private func gatherLengths(_ length: Int64, to root: Int) throws -> [Int64] {
    var length = length
    var lengths = [Int64](repeating: 0, count: size)
    try check("MPI_Gather") {
      MPI_Gather(
        &length, 1, vared_MPI_INT64_T(), &lengths, 1, vared_MPI_INT64_T(), Int32(clamping: root),
        handle)
    }
    return lengths
  }

  private func send(_ bytes: [UInt8], to root: Int) throws {
    try bytes.withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress else { return }
      try forEachPiece(of: buffer.count, elementBytes: 1) { range, count in
        try check("MPI_Send") {
          MPI_Send(base + range.lowerBound, count, vared_MPI_BYTE(), Int32(root), 0, handle)
        }
      }
    }
  }

  private func receive(_ count: Int, from sender: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress else { return }
      try forEachPiece(of: count, elementBytes: 1) { range, count in
        try check("MPI_Recv") {
          MPI_Recv(
            base + range.lowerBound, count, vared_MPI_BYTE(), Int32(sender), 0, handle,
            vared_MPI_STATUS_IGNORE())
        }
      }
    }
    return bytes
  }
}
