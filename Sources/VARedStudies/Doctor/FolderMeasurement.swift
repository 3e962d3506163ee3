// The folder that a run would write to: room, speed, locks.

import Foundation
import VARedTraining

/// What a file system does for checkpoints.
struct FolderMeasurement {
  let freeBytes: Double
  /// Seconds to write, and have on the disk, a file of a checkpoint's size.
  let checkpointSeconds: Double
  /// Whether folders can be locked against a second run.
  let locks: Bool

  /// Makes the folder where it is missing, writes one file into it and removes that.
  ///
  /// - Parameters:
  ///   - path: the folder.
  ///   - bytes: of a checkpoint; of a larger one than 256 MB a part is written.
  /// - Throws: `FileError`.
  init(_ path: String, checkpointBytes bytes: Double) throws {
    try RunFolder(path: path).make()
    let folder = open(path, O_RDONLY | O_CLOEXEC)
    locks = folder >= 0 && (flock(folder, LOCK_EX | LOCK_NB) == 0 || errno == EWOULDBLOCK)
    if folder >= 0 { close(folder) }
    var status = statvfs()
    freeBytes = statvfs(path, &status) == 0 ? Double(status.f_bavail) * Double(status.f_frsize) : 0
    let trial = path + "/doctor-\(getpid()).tmp"
    let part = max(1_048_576, min(bytes, 256e6))
    let start = ContinuousClock.now
    let file = open(trial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      throw ConfigurationError(
        key: "output", "\(path) cannot be written to: \(String(cString: strerror(errno)))")
    }
    defer { unlink(trial) }
    let block = [UInt8](repeating: 0x5A, count: 1 << 20)
    var written = 0
    while Double(written) < part {
      let count = write(file, block, block.count)
      if count <= 0 { break }
      written += count
    }
    let isWhole = Double(written) >= part && fsync(file) == 0
    let reason = String(cString: strerror(errno))
    close(file)
    guard isWhole else {
      throw ConfigurationError(
        key: "output", "\(path) took \(written) of \(Int(part)) bytes: \(reason)")
    }
    checkpointSeconds = start.duration(to: .now) / .seconds(1) * bytes / part
  }
}
