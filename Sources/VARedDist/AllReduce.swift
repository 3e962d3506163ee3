// AllReduce: sums and maxima over all ranks, the result on every rank.

import CMPI

extension Communicator {
  /// Replaces every value by its sum over the ranks, in place; every rank gets the same bits.
  ///
  /// Wraps `MPI_Allreduce` with `MPI_IN_PLACE` (MPI 3.1 §5.9.6), in pieces. Collective.
  ///
  /// - Parameter values: the same length on every rank.
  /// - Throws: ``MPIError``.
  public func allReduceSum(_ values: UnsafeMutableBufferPointer<Float>) throws {
    try allReduce(values, vared_MPI_FLOAT(), vared_MPI_SUM())
  }

  /// Replaces every value by its sum over the ranks, in place; every rank gets the same bits.
  ///
  /// Wraps `MPI_Allreduce` with `MPI_IN_PLACE` (MPI 3.1 §5.9.6), in pieces. Collective.
  ///
  /// - Parameter values: the same length on every rank.
  /// - Throws: ``MPIError``.
  public func allReduceSum(_ values: UnsafeMutableBufferPointer<Double>) throws {
    try allReduce(values, vared_MPI_DOUBLE(), vared_MPI_SUM())
  }

  /// Replaces every value by its sum over the ranks, in place; the same in whatever order they are
  /// added.
  ///
  /// Wraps `MPI_Allreduce` with `MPI_IN_PLACE` (MPI 3.1 §5.9.6), in pieces. Collective.
  ///
  /// - Parameter values: the same length on every rank.
  /// - Throws: ``MPIError``.
  public func allReduceSum(_ values: UnsafeMutableBufferPointer<Int64>) throws {
    try allReduce(values, vared_MPI_INT64_T(), vared_MPI_SUM())
  }

  /// The largest value any rank passed.
  ///
  /// Wraps `MPI_Allreduce` with `MPI_MAX` (MPI 3.1 §5.9.6). Collective.
  ///
  /// - Throws: ``MPIError``.
  public func allReduceMax(_ value: Int) throws -> Int {
    var largest = value
    try withUnsafeMutablePointer(to: &largest) {
      let one = UnsafeMutableBufferPointer(start: $0, count: 1)
      try allReduce(one, vared_MPI_INT64_T(), vared_MPI_MAX())
    }
    return largest
  }

  /// Over the ranks of another communicator, where `group` is given.
  func allReduce<Element>(
    _ values: UnsafeMutableBufferPointer<Element>, _ type: MPI_Datatype?, _ operation: MPI_Op?,
    over group: MPI_Comm? = nil
  ) throws {
    guard size > 1, let base = values.baseAddress else { return }
    let handle = group ?? handle
    let elementBytes = MemoryLayout<Element>.stride
    try forEachPiece(of: values.count, elementBytes: elementBytes) { range, count in
      try check("MPI_Allreduce") {
        MPI_Allreduce(
          vared_MPI_IN_PLACE(), base + range.lowerBound, count, type, operation, handle)
      }
    }
  }
}
