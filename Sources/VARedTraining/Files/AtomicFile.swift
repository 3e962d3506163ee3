// Files that are either whole or not there: temporary name, fsync, rename, fsync of the folder.

import Foundation
import VARedData

/// Writing files whole or not at all.
public enum AtomicFile {
  /// The suffix of a file that is being written.
  static let partialSuffix = ".partial"

  /// Makes a limit on the size of files an error of the call that meets it, as a full disk is;
  /// without this it ends the process by a signal.
  public static func refuseInsteadOfEnding() { signal(SIGXFSZ, SIG_IGN) }

  /// Calls `write` with a temporary path beside `path`, then puts the result on the disk under its
  /// name. After an error `path` is what it was, and nothing temporary stays. A link is followed; a
  /// device or a pipe is refused.
  ///
  /// - Throws: what `write` throws; `FileError` with the system's reason.
  package static func write(_ path: String, _ write: (String) throws -> Void) throws {
    guard let path = SpecialFile.replaceable(path) else {
      throw FileError(path: path, "is no regular file; expected one, or none yet")
    }
    try replace(path, by: path + partialSuffix, write)
  }

  private static func replace(
    _ path: String, by temporary: String, _ write: (String) throws -> Void
  ) throws {
    do {
      try write(temporary)
      try synchronize(temporary)
      guard rename(temporary, path) == 0 else {
        throw FileError(path: path, "cannot rename to this name: \(systemReason())")
      }
      try synchronize(PathParts.folder(of: path))
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// The same for what a command was asked to write to a place of the user's choice: to a device or
  /// a pipe what `write` made is written, and the temporary file has a name that no file has.
  ///
  /// - Throws: what `write` throws; `FileError` with the system's reason.
  package static func writeOutput(_ path: String, _ write: (String) throws -> Void) throws {
    guard let place = SpecialFile.replaceable(path) else {
      return try SpecialFile.pour(path, write)
    }
    try replace(place, by: try newFile(in: PathParts.folder(of: place), for: path), write)
  }

  /// An empty file under a name that no other one had.
  private static func newFile(in folder: String, for path: String) throws -> String {
    while true {
      let number = String(UInt64.random(in: 0...UInt64.max), radix: 36)
      let file = (folder.isEmpty ? "" : folder + "/") + ".vared-\(number)\(partialSuffix)"
      let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        close(descriptor)
        return file
      }
      guard errno == EEXIST else {
        throw FileError(path: path, "cannot be written: \(systemReason())")
      }
    }
  }

  /// The same of a text.
  package static func writeOutput(_ path: String, text: String) throws {
    try writeOutput(path) { try put(Data(text.utf8), at: $0, named: path) }
  }

  /// Writes a small text file atomically.
  package static func write(_ path: String, text: String) throws {
    try write(path, bytes: Data(text.utf8))
  }

  /// Writes a small file atomically.
  static func write(_ path: String, bytes: Data) throws {
    try write(path) { try put(bytes, at: $0, named: path) }
  }

  private static func put(_ bytes: Data, at place: String, named path: String) throws {
    guard let file = fopen(place, "w") else {
      throw FileError(path: path, "cannot be written: \(systemReason())")
    }
    let written = bytes.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
    let flushed = fflush(file)
    let reason = systemReason()
    fclose(file)
    guard written == bytes.count, flushed == 0 else {
      throw FileError(path: path, "cannot be written: \(reason)")
    }
  }

  /// `fsync` of a file or folder.
  private static func synchronize(_ path: String) throws {
    let descriptor = open(path.isEmpty ? "." : path, O_RDONLY)
    guard descriptor >= 0 else {
      throw FileError(path: path, "cannot be opened: \(systemReason())")
    }
    defer { close(descriptor) }
    // Some file systems have nothing to sync for folders and say EINVAL.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw FileError(path: path, "cannot be synced to disk: \(systemReason())")
    }
  }
}

/// The last system call's failure in words.
func systemReason() -> String { String(cString: strerror(errno)) }

/// Writes all bytes to an open file; nil, or the system's reason where it does not take them.
func failure(writing bytes: some Collection<UInt8>, to file: Int32) -> String? {
  Array(bytes).withUnsafeBytes { bytes in
    var at = 0
    while at < bytes.count {
      let count = Glibc.write(file, bytes.baseAddress! + at, bytes.count - at)
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EAGAIN {
        var ready = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
        _ = poll(&ready, 1, 1000)
        continue
      }
      guard count > 0 else { return systemReason() }
      at += count
    }
    return nil
  }
}
