// Whether another process holds a file. HDF5's own locks are off: where there are none, as on NFS
// without a lock daemon, it would refuse every file.

import Foundation

/// Looks at the lock of a file before it is read.
enum FileHold {
  /// How long a process that holds a file is waited for.
  static let patience = Duration.seconds(5)

  /// Waits until no other process has locked the file for itself (`flock`), as programs do that
  /// write to it. A file system that has no such locks has nobody who holds the file.
  ///
  /// - Throws: `HDF5Error` if the file cannot be opened, is none (a folder, a pipe, a device), or
  ///   is held all the time.
  static func wait(for path: String) throws {
    // Without O_NONBLOCK a pipe of this name would be waited for.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw HDF5Error(path: path, system: "cannot open") }
    defer { close(descriptor) }
    var found = stat()
    guard fstat(descriptor, &found) == 0 else {
      throw HDF5Error(path: path, system: "cannot be read")
    }
    guard found.st_mode & S_IFMT == S_IFREG else {
      let isFolder = found.st_mode & S_IFMT == S_IFDIR
      throw HDF5Error(
        path: path,
        message: "is \(isFolder ? "a folder" : "no regular file"); expected an HDF5 file")
    }
    let end = ContinuousClock.now + patience
    while flock(descriptor, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK {
      guard ContinuousClock.now < end else {
        throw HDF5Error(
          path: path,
          message: "is whole as far as is known, but another process holds it (a lock by flock); "
            + "close the program that has it open", isOfSystem: true)
      }
      usleep(50_000)
    }
  }
}
