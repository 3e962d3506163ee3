// A file that grows at its end, through a buffer, from a place behind its start.

import Foundation

/// Bytes on their way to the disk.
final class AppendedFile {
  /// Where the first byte goes.
  let start: Int
  /// Bytes appended so far.
  private(set) var count = 0
  private let descriptor: Int32
  /// What errors call it.
  private let name: String
  private var buffer: [UInt8] = []
  private var isOpen = true

  /// Creates `path`, or empties it.
  init(_ path: String, from start: Int, called name: String) throws {
    self.start = start
    self.name = name
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw unwritableShard(name, lastSystemError()) }
    buffer.reserveCapacity(4 << 20)
  }

  deinit { close() }

  func append(_ bytes: UnsafeRawBufferPointer) throws {
    if buffer.count + bytes.count > 4 << 20 { try flush() }
    if bytes.count > 4 << 20 {
      try write(bytes, at: start + count)
    } else {
      buffer.append(contentsOf: bytes)
    }
    count += bytes.count
  }

  /// Forgets what was appended behind the first `count` bytes.
  func truncate(to count: Int) throws {
    try flush()
    self.count = count
  }

  /// Writes what is in the buffer.
  func flush() throws {
    try buffer.withUnsafeBytes { try write($0, at: start + count - $0.count) }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Writes at a place of the file.
  func write(_ bytes: [UInt8], at offset: Int) throws {
    try bytes.withUnsafeBytes { try write($0, at: offset) }
  }

  private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < bytes.count {
      let written = pwrite(
        descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw unwritableShard(name, lastSystemError()) }
      done += written
    }
  }

  /// Makes the file `bytes` long.
  func setLength(_ bytes: Int) throws {
    guard ftruncate(descriptor, off_t(bytes)) == 0 else {
      throw unwritableShard(name, lastSystemError())
    }
  }

  /// Waits until everything is on the disk.
  func synchronize() throws {
    guard fsync(descriptor) == 0 else { throw unwritableShard(name, lastSystemError()) }
  }

  func close() {
    if isOpen { _ = Glibc.close(descriptor) }
    isOpen = false
  }

  /// Waits until the names in a file's folder are on the disk.
  static func synchronizeFolder(of path: String) throws {
    let folder = PathParts.folder(of: path)
    let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unwritableShard(path, lastSystemError()) }
    defer { _ = Glibc.close(descriptor) }
    // Some file systems have nothing to sync for folders and say EINVAL.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw unwritableShard(path, lastSystemError())
    }
  }
}
