// One run at a time writes into a folder.

import Foundation

/// Holds a run's folder until it is deinitialized or the process ends, however it ends.
///
/// The lock is the kernel's (`flock` of the folder itself), so none is ever left behind to keep a
/// requeued job from resuming. File systems that have no such lock for folders, NFS among them, are
/// written to without one.
final class FolderLock {
  private let descriptor: Int32

  /// Takes the lock, waiting for an earlier run that is still ending.
  ///
  /// - Parameters:
  ///   - patience: how long to wait.
  ///   - say: hears that it waits.
  /// - Throws: `FileError` when another run still holds the folder then.
  init(_ folder: String, patience: Duration = .seconds(20), say: (String) -> Void) throws {
    descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw FileError(path: folder, "cannot be opened: \(systemReason())")
    }
    let end = ContinuousClock.now + patience
    var hasSaid = false
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      guard ContinuousClock.now < end else {
        throw FileError(
          path: folder, "another run is writing there; wait for it, or give another --output")
      }
      if !hasSaid { say("waiting for the run that is writing in \(folder)") }
      hasSaid = true
      usleep(100_000)
    }
  }

  deinit { close(descriptor) }
}
