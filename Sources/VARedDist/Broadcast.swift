// Broadcast: one rank's values to all.

import CMPI

extension Communicator {
  /// Overwrites `values` on every rank with those of rank `root`.
  ///
  /// Wraps `MPI_Bcast` (MPI 3.1 §5.4), in pieces. Collective.
  ///
  /// - Parameters:
  ///   - values: the same length on every rank.
  ///   - root: the rank whose values go out.
  /// - Throws: ``MPIError``, for a root that is no rank, too.
  public func broadcast(_ values: UnsafeMutableBufferPointer<Float>, from root: Int = 0) throws {
    try broadcast(values, vared_MPI_FLOAT(), from: root)
  }

  /// The bytes that rank `root` passed, whatever their number.
  ///
  /// Wraps two `MPI_Bcast`: the length, then the bytes, in pieces (MPI 3.1 §5.4). Collective.
  ///
  /// - Parameters:
  ///   - bytes: what goes out on rank `root`; ignored on the others.
  ///   - root: the rank whose bytes go out.
  /// - Throws: ``MPIError``, for a root that is no rank, too.
  public func broadcast(_ bytes: [UInt8], from root: Int = 0) throws -> [UInt8] {
    var count = Int64(bytes.count)
    try withUnsafeMutablePointer(to: &count) {
      let one = UnsafeMutableBufferPointer(start: $0, count: 1)
      try broadcast(one, vared_MPI_INT64_T(), from: root)
    }
    var result = rank == root ? bytes : [UInt8](repeating: 0, count: Int(count))
    try result.withUnsafeMutableBufferPointer {
      try broadcast($0, vared_MPI_BYTE(), from: root)
    }
    return result
  }

  private func broadcast<Element>(
    _ values: UnsafeMutableBufferPointer<Element>, _ type: MPI_Datatype?, from root: Int
  ) throws {
    let root = Int32(clamping: root)
    guard let base = values.baseAddress else { return }
    let elementBytes = MemoryLayout<Element>.stride
    try forEachPiece(of: values.count, elementBytes: elementBytes) { range, count in
      try check("MPI_Bcast") { MPI_Bcast(base + range.lowerBound, count, type, root, handle) }
    }
  }
}
