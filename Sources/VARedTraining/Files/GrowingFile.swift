// A file that grows at its end, a piece at a time, however full the disk is.

import Foundation

/// A file to which pieces are appended: whole, or not yet.
final class GrowingFile {
  private let path: String
  private let file: Int32
  /// Bytes of whole pieces in the file.
  private var bytes: off_t
  /// What the file did not take yet.
  private var pending = Data()

  /// Opens the file behind what it holds; makes it where there is none.
  ///
  /// - Throws: `FileError`.
  init(_ path: String) throws {
    self.path = path
    file = try RegularFile.openToAppend(path)
    bytes = lseek(file, 0, SEEK_END)
  }

  deinit { close(file) }

  /// Appends a piece, all of it or nothing: what the file does not take is kept, and written with
  /// the next one.
  ///
  /// - Throws: `FileError` if the disk is full.
  func append(_ piece: some Sequence<UInt8>) throws {
    pending.append(contentsOf: piece)
    try flush()
  }

  /// Writes what the file did not take before.
  ///
  /// - Throws: `FileError` if it still does not.
  func flush() throws {
    if let reason = failure(writing: pending, to: file) {
      ftruncate(file, bytes)  // No piece is torn, or there twice later.
      throw FileError(path: path, "cannot be written: \(reason)")
    }
    bytes += off_t(pending.count)
    pending.removeAll(keepingCapacity: true)
  }
}
