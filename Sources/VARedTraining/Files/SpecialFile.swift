// Outputs that are no files of a folder: devices, pipes, what a shell has opened.

import Foundation
import VARedData

enum SpecialFile {
  /// Where a file that `path` names is put: `path` itself, or what it is a link to; nil for a
  /// device or a pipe, which is written to.
  static func replaceable(_ path: String) -> String? {
    // Names of what the process has open; /dev/shm, say, is a folder as any other.
    let streams = ["/dev/std", "/dev/fd/", "/proc/"]
    if streams.contains(where: path.hasPrefix) { return nil }
    guard let found = kind(path) else { return path }
    guard found == S_IFREG || found == S_IFDIR else { return nil }
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// The kind of what `path` leads to, as `st_mode` has it; nil: nothing.
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
    let output = open(path, O_WRONLY | O_CLOEXEC)
    guard output >= 0 else {
      throw FileError(path: path, "cannot be written: \(systemReason())")
    }
    defer { close(output) }
    if let reason = failure(writing: bytes, to: output) {
      throw FileError(path: path, "cannot be written: \(reason)")
    }
  }
}

extension AtomicFile {
  /// Looks, before the work, whether a file can be written there.
  ///
  /// - Parameter inputs: what the same command reads.
  /// - Throws: `FileError` if `path` is a folder or one of the inputs, if it cannot be written, or
  ///   if there is no folder for it.
  package static func requireWritable(_ path: String, beside inputs: [String]) throws {
    guard let kind = SpecialFile.kind(path) else {
      let folder = PathParts.folder(of: path)
      let place = folder.isEmpty ? "." : folder
      guard SpecialFile.kind(place) == S_IFDIR else {
        throw FileError(path: path, "expected a folder to write it into, found no folder \(place)")
      }
      guard access(place, W_OK | X_OK) == 0 else {
        throw FileError(path: path, "cannot be written into \(place): \(systemReason())")
      }
      return
    }
    guard kind != S_IFDIR else { throw FileError(path: path, "is a folder; expected a file") }
    guard access(path, W_OK) == 0 else {
      throw FileError(path: path, "cannot be written: \(systemReason())")
    }
    guard kind == S_IFREG, let input = inputs.first(where: { isSame($0, path) }) else { return }
    throw FileError(
      path: path, "is what this command reads (\(input)); give another name for the output")
  }

  private static func isSame(_ a: String, _ b: String) -> Bool {
    var (first, second) = (stat(), stat())
    guard stat(a, &first) == 0, stat(b, &second) == 0 else { return false }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }
}
