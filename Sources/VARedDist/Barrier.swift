// Barrier: no rank goes on before all have come.

import CMPI

extension Communicator {
  /// Returns once every rank has called it.
  ///
  /// Wraps `MPI_Barrier` (MPI 3.1 §5.3). Collective.
  ///
  /// - Throws: ``MPIError``.
  public func barrier() throws {
    try check("MPI_Barrier") { MPI_Barrier(handle) }
  }
}
