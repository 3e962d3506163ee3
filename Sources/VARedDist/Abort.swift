// Abort: ending the whole job at once, from any rank and any thread.

import CMPI
import Foundation

extension Communicator {
  /// Ends all ranks of the job at once; the launcher's exit status is `status`.
  ///
  /// Wraps `MPI_Abort` (MPI 3.1 §8.7). Not collective; may be called from any thread. A single
  /// process has no other rank to stop and leaves at once. When many ranks fail together, the
  /// lowest gets a head start (10 ms a rank, 0.5 s at most): aborts that collide can crash mpirun
  /// 4.1. If the library itself hangs, this process leaves without it after 2 s, which makes the
  /// launcher end the job.
  ///
  /// - Parameter status: exit status; 0 would read as success and becomes 1.
  public func abort(_ status: Int32) -> Never {
    let status = status == 0 ? 1 : status
    board.end()
    if size == 1 || Self.isFinalized { _exit(status) }
    Thread.detachNewThread {
      usleep(2_000_000)
      _exit(status)
    }
    usleep(UInt32(min(rank, 50)) * 10_000)
    if Signals.received.contains(.terminate) {
      sleep(2)  // The launcher is ending the job already.
    } else {
      MPI_Abort(vared_MPI_COMM_WORLD(), status)
    }
    _exit(status)
  }
}
