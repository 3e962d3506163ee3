// Lines of a text file that this program wrote, and that somebody may have edited since.

import Foundation

/// The lines of a text file, whatever ends them, without a byte order mark.
package struct TextLines {
  /// Whether there is such a file.
  package let exists: Bool
  /// All of it.
  let bytes: Data
  /// Those that are not empty, without what ends them: line feeds and carriage returns, of which
  /// programs that convert line ends may have made one of the other or added some.
  package let lines: [String]
  /// Whether the last one is ended.
  let endsWithLine: Bool

  /// - Throws: `FileError` if the file is there and cannot be read, or is no file.
  package init(_ path: String) throws {
    let found = try RegularFile.contents(path)
    exists = found != nil
    bytes = found ?? Data()
    endsWithLine = bytes.last.map { $0 == 0x0A || $0 == 0x0D } ?? true
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes
    lines = text.split { $0 == 0x0A || $0 == 0x0D }.map { String(decoding: $0, as: UTF8.self) }
  }
}

/// Files that are files: a pipe of a file's name would be waited for, for ever.
package enum RegularFile {
  /// What a file holds; nil: there is none.
  ///
  /// - Parameter mostBytes: the longest file that is read.
  /// - Throws: `FileError` if it cannot be read, is longer, or is a folder, a pipe or a device.
  package static func contents(_ path: String, mostBytes: Int = .max) throws -> Data? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw FileError(path: path, "cannot be read: \(systemReason())", .unreadable)
    }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var found = stat()
    guard fstat(descriptor, &found) == 0, found.st_mode & S_IFMT == S_IFREG else {
      throw FileError(path: path, "is no regular file; expected one, or none yet", .unreadable)
    }
    guard found.st_size <= mostBytes else {
      throw FileError(
        path: path, "has \(found.st_size) bytes; expected \(mostBytes) at most", .unreadable)
    }
    do {
      return try handle.readToEnd() ?? Data()
    } catch {
      throw FileError(path: path, "cannot be read: \(systemReason())", .unreadable)
    }
  }

  /// Opens a file to write at its end; makes it where there is none.
  ///
  /// - Throws: `FileError` if it cannot be written, or is a folder, a pipe or a device.
  static func openToAppend(_ path: String) throws -> Int32 {
    let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK
    let descriptor = open(path, flags, 0o644)
    guard descriptor >= 0 else {
      throw FileError(path: path, "cannot be written: \(systemReason())")
    }
    var found = stat()
    guard fstat(descriptor, &found) == 0, found.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw FileError(path: path, "is no regular file; expected one, or none yet")
    }
    return descriptor
  }
}
