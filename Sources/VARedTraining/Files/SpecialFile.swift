// Outputs that are no files of a folder: devices, pipes, what a shell has opened.

import Foundation
import VARedData

/// What a path names where that is no file of a folder.
enum SpecialFile {
  /// Where a file that `path` names is put: `path` itself, or what it is a link to, whether that is
  /// there or not; nil for a device or a pipe, which is written to.
  static func replaceable(_ path: String) -> String? {
    // Names of what the process has open; /dev/shm, say, is a folder as any other.
    let streams = ["/dev/std", "/dev/fd/", "/proc/"]
    if streams.contains(where: path.hasPrefix) { return nil }
    guard let found = kind(path) else { return target(of: path) }
    guard found == S_IFREG || found == S_IFDIR else { return nil }
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// What a link that leads nowhere names, through as many links as there are; else `path`.
  private static func target(of path: String) -> String {
    var path = path
    for _ in 0..<40 {
      guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else {
        break
      }
      let folder = PathParts.folder(of: path)
      path = next.hasPrefix("/") || folder.isEmpty ? next : "\(folder)/\(next)"
    }
    return path
  }

  /// The kind of what `path` leads to, as `st_mode` has it; nil: nothing, and `errno` is why.
  static func kind(_ path: String) -> mode_t? {
    var found = stat()
    return stat(path, &found) == 0 ? found.st_mode & S_IFMT : nil
  }

  /// Writes what `write` makes of a temporary file to a device or a pipe.
  ///
  /// - Throws: what `write` throws; `FileError` with the system's reason.
  static func pour(_ path: String, _ write: (String) throws -> Void) throws {
    var name = Array("\(NSTemporaryDirectory())/vared-output-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else {
      throw FileError(path: path, "no temporary file for it: \(systemReason())")
    }
    let temporary = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer {
      unlink(temporary)
      close(descriptor)
    }
    try write(temporary)
    guard let bytes = try RegularFile.contents(temporary) else {
      throw FileError(path: path, "cannot be written: the temporary file is gone")
    }
    let output = opened(path)
    guard output >= 0 else {
      throw FileError(path: path, "cannot be written: \(systemReason())")
    }
    defer { close(output) }
    if let reason = failure(writing: bytes, to: output) {
      throw FileError(path: path, "cannot be written: \(reason)")
    }
  }

  /// What the process has open is written to where it stands: opened anew, a file that a shell
  /// appends to would be written over from its first byte.
  private static func opened(_ path: String) -> Int32 {
    if let stream = descriptor(path) {
      fflush(nil)
      return fcntl(stream, F_DUPFD_CLOEXEC, 0)
    }
    return open(path, O_WRONLY | O_CLOEXEC)
  }

  /// The number of the open file that `path` is a name of; nil: it is another name.
  static func descriptor(_ path: String) -> Int32? {
    let names = ["/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2] as [String: Int32]
    if let known = names[path] { return known }
    let folders = ["/dev/fd/", "/proc/self/fd/", "/proc/\(getpid())/fd/"]
    return folders.lazy.filter(path.hasPrefix).compactMap { Int32(path.dropFirst($0.count)) }.first
  }
}
