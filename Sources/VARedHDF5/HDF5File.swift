// An open HDF5 file: opening, creating, closing, and what is inside it.
// Datasets are read in HDF5File+Read, written in HDF5File+Write, attributes in HDF5File+Attributes;
// what is in one known piece of the file is in HDF5File+Contiguous.

import CHDF5
import Foundation

/// One HDF5 file, read-only or newly created. Safe to use from several threads (one at a time).
///
/// Closed by `close()`, or at the latest when the object dies; only `close()` reports failures.
public final class HDF5File: @unchecked Sendable {  // every access runs under the library's lock
  /// The path as it was given.
  public let path: String
  /// Whether the seal that `SealedFile` left was there, and was checked.
  public let isSealed: Bool
  var file: hid_t
  /// Rows whose chunks are known to be whole, by dataset.
  var wholeRows: [String: RangeSet<Int>] = [:]

  init(path: String, file: hid_t, isSealed: Bool = false) {
    (self.path, self.isSealed) = (path, isSealed)
    self.file = file
  }

  /// Opens an existing file for reading, once no other process holds it (`flock`); a process that
  /// does is waited for some seconds. A child process reads it first, as far as a file that is
  /// damaged, or made to do harm, could crash the library, hang it or take all memory.
  ///
  /// - Parameter checkingSeal: reads the whole file first and compares it with the checksum that
  ///   `SealedFile` left; a file that never had one passes.
  /// - Throws: `HDF5Error` if it is missing, no regular file, unreadable, damaged or no HDF5 file;
  ///   if its values lie in other files, or were never written.
  public static func open(_ path: String, checkingSeal: Bool = false) throws -> HDF5File {
    try FileHold.wait(for: path)
    let isSealed = checkingSeal ? try FileSeal.verify(path) : false
    return try HDF5Library.locked {
      try HDF5Library.tryReading(path)
      let access = try HDF5Library.access(path)
      let file = H5Fopen(path, vared_h5f_acc_rdonly(), access.id)
      guard file >= 0 else { throw HDF5Library.failure(path, "cannot open") }
      return HDF5File(path: path, file: file, isSealed: isSealed)
    }
  }

  /// Creates an empty file, truncating one that is there.
  ///
  /// - Throws: `HDF5Error` if the path cannot be written.
  public static func create(_ path: String) throws -> HDF5File {
    try HDF5Library.locked {
      let access = try HDF5Library.access(path)
      let file = H5Fcreate(path, vared_h5f_acc_trunc(), vared_h5p_default(), access.id)
      guard file >= 0 else { throw HDF5Library.failure(path, "cannot create") }
      return HDF5File(path: path, file: file)
    }
  }

  /// Closes the file; later use throws. Closing twice does nothing.
  ///
  /// - Parameter synchronize: also waits until the bytes are on the disk (`fsync`).
  /// - Throws: `HDF5Error` when what was written cannot be stored, e.g. because the disk is full.
  public func close(synchronize: Bool = false) throws {
    try HDF5Library.locked {
      guard file >= 0 else { return }
      let closing = file
      file = -1
      if H5Fflush(closing, H5F_SCOPE_LOCAL) < 0 {
        let failure = failed("cannot write")
        _ = H5Fclose(closing)
        throw failure
      }
      if H5Fclose(closing) < 0 { throw failed("cannot close") }
    }
    if synchronize { try synchronizeToDisk() }
  }

  deinit { try? close() }

  /// Whether `path` (e.g. `/model/fc.weight`) exists in the file.
  public func exists(_ path: String) -> Bool {
    HDF5Library.locked {
      guard file >= 0 else { return false }
      var prefix = ""
      for part in path.split(separator: "/") {
        prefix += "/" + part
        if H5Lexists(file, prefix, vared_h5p_default()) <= 0 { return false }
      }
      return true
    }
  }

  /// Names of the members of a group, in alphabetical order.
  ///
  /// - Throws: `HDF5Error` if there is no such group.
  public func names(in group: String) throws -> [String] {
    try HDF5Library.locked {
      try requireOpen()
      let opened = try Handle(
        H5Gopen2(file, group, vared_h5p_default()), H5Gclose, self.path, "no group \(group)")
      var info = H5G_info_t()
      guard H5Gget_info(opened.id, &info) >= 0 else {
        throw failed("cannot list \(group)")
      }
      return try (0..<info.nlinks).map { try linkName(opened.id, $0) }
    }
  }

  private func linkName(_ group: hid_t, _ index: hsize_t) throws -> String {
    let plain = vared_h5p_default()
    let length = H5Lget_name_by_idx(
      group, ".", H5_INDEX_NAME, H5_ITER_INC, index, nil, 0, plain)
    guard length >= 0 else { throw failed("cannot list a group") }
    var text = [CChar](repeating: 0, count: length + 1)
    _ = H5Lget_name_by_idx(
      group, ".", H5_INDEX_NAME, H5_ITER_INC, index, &text, length + 1, plain)
    return String(decoding: text.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  func requireOpen() throws {
    if file < 0 { throw error("the file was closed") }
  }

  func error(_ message: String) -> HDF5Error { HDF5Error(path: path, message: message) }

  /// The error of the call that just failed: what was attempted, and the library's reason.
  func failed(_ what: String) -> HDF5Error { HDF5Library.failure(path, what) }

  private func synchronizeToDisk() throws {
    let descriptor = Glibc.open(path, O_RDONLY)
    guard descriptor >= 0 else { throw HDF5Error(path: path, system: "cannot reopen") }
    defer { _ = Glibc.close(descriptor) }
    if fsync(descriptor) != 0 { throw HDF5Error(path: path, system: "cannot sync") }
  }
}
