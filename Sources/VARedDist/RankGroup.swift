// Ranks that sum among themselves.

import CMPI

/// Some ranks of the job in a row, of which this one is one: what PyTorch calls a process group.
public final class RankGroup {
  /// How many ranks the group has.
  public let size: Int
  private let communicator: Communicator
  private let handle: MPI_Comm?

  /// The group of `count` ranks in a row that this rank is in; the last group has what is left.
  ///
  /// Wraps `MPI_Comm_split` (MPI 3.1 §6.4.2). It lives until MPI is finalized, as freeing it would
  /// be collective. Collective over all ranks.
  ///
  /// - Parameters:
  ///   - communicator: all ranks.
  ///   - count: at least 1.
  /// - Throws: ``MPIError``.
  public init(_ communicator: Communicator, of count: Int) throws {
    self.communicator = communicator
    handle = try communicator.split(colour: Int32(communicator.rank / count))
    size = try Communicator.position(in: handle).size
  }

  /// Replaces every value by its sum over the group's ranks, in place; each gets the same bits.
  ///
  /// Wraps `MPI_Allreduce` with `MPI_IN_PLACE` (MPI 3.1 §5.9.6), in pieces. Collective over the
  /// group.
  ///
  /// - Parameter values: the same length on every rank of the group.
  /// - Throws: ``MPIError``.
  public func allReduceSum(_ values: UnsafeMutableBufferPointer<Double>) throws {
    try communicator.allReduce(values, vared_MPI_DOUBLE(), vared_MPI_SUM(), over: handle)
  }

  /// The same of whole numbers.
  ///
  /// - Throws: ``MPIError``.
  public func allReduceSum(_ values: UnsafeMutableBufferPointer<Int64>) throws {
    try communicator.allReduce(values, vared_MPI_INT64_T(), vared_MPI_SUM(), over: handle)
  }
}

extension Communicator {
  /// The ranks of the same colour, in the same order. Collective.
  ///
  /// Wraps `MPI_Comm_split` (MPI 3.1 §6.4.2).
  ///
  /// - Throws: ``MPIError``.
  func split(colour: Int32) throws -> MPI_Comm? {
    var part = vared_MPI_COMM_NULL()
    try check("MPI_Comm_split") { MPI_Comm_split(handle, colour, Int32(rank), &part) }
    return part
  }
}
