// Abort: ending the whole job at once, from any rank and any thread.

import CMPI
import Foundation

extension Communicator {
  /// Ends all ranks of the job at once; the launcher's exit status is `status`.
  ///
  /// Wraps `MPI_Abort` (MPI 3.1 §8.7). Not collective; may be called from any thread. If the library
  /// itself hangs, this process leaves after 1.5 s without it, which makes the launcher end the job.
  /// A single process has nobody else to stop and leaves at once.
  ///
  /// - Parameter status: exit status; 0 would read as success and becomes 1.
  public func abort(_ status: Int32) -> Never {
    let status = status == 0 ? 1 : status
    if size == 1 || Self.isFinalised { _exit(status) }
    Thread.detachNewThread {
      usleep(1_500_000)
      _exit(status)
    }
    MPI_Abort(vared_MPI_COMM_WORLD(), status)
    _exit(status)
  }
}
