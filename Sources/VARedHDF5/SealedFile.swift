// Writing a sealed file: HDF5 lays it out in memory, its bytes go to the disk by plain writes, and
// the checksum is taken of them on the way.

import CHDF5
import Foundation

/// A sealed HDF5 file that is being made. The large datasets in it are asked for while it is
/// written, one after the other, so that they are in memory one at a time.
///
/// The library sees memory only: what a disk refuses is an error of `write`, and leaves the library
/// as it was.
public final class SealedFile {
  /// For attributes and small datasets.
  public let file: HDF5File
  private let path: String
  /// A file without a name, with holes where the large datasets will be.
  private let layout: Int32
  private var parts: [(extent: HDF5Extent, values: () throws -> [Float])] = []

  /// Begins a file.
  ///
  /// - Parameter path: what errors name.
  /// - Throws: `HDF5Error` if there is no memory for it.
  public init(_ path: String) throws {
    self.path = path
    do {
      (file, layout) = try Self.beginLayout(of: path, in: "/dev/shm")
    } catch {
      (file, layout) = try Self.beginLayout(of: path, in: NSTemporaryDirectory())
    }
  }

  /// A file in `folder` that nobody sees; it goes with its descriptor.
  private static func beginLayout(
    of path: String, in folder: String
  ) throws -> (file: HDF5File, descriptor: Int32) {
    var name = Array("\(folder)/vared-layout-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else {
      throw HDF5Error(path: path, system: "cannot be laid out in memory")
    }
    defer { unlink(name) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    do {
      let place = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
      let file = try HDF5File.create(
        at: place, named: path, userBlockBytes: FileSeal.blockBytes)
      return (file, descriptor)
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit { close(layout) }

  /// Adds a dataset of float32.
  ///
  /// - Parameters:
  ///   - dataset: its path in the file; groups on the way are made.
  ///   - shape: its extents.
  ///   - values: makes its values, row-major; called by `write`.
  /// - Throws: `HDF5Error` if it exists already.
  public func add(
    _ dataset: String, shape: [Int], values: @escaping () throws -> [Float]
  ) throws {
    let extent = try file.createContiguous(dataset, of: Float.self, shape: shape)
    if extent.bytes > 0 { parts.append((extent, values)) }
  }

  /// Writes the file and waits until it is on the disk (`fsync`). Nothing can be added then.
  ///
  /// - Parameter destination: where to; a file that is there is overwritten.
  /// - Precondition: every dataset's values are as many as its shape says.
  /// - Throws: `HDF5Error` with the system's reason, and what `values` throw.
  public func write(to destination: String) throws {
    try file.close()
    let output = open(destination, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard output >= 0 else { throw HDF5Error(path: path, system: "cannot be written") }
    defer { close(output) }
    try write([UInt8](repeating: 0, count: FileSeal.blockBytes), to: output)
    let digest = try writeBody(to: output)
    guard lseek(output, 0, SEEK_SET) == 0 else {
      throw HDF5Error(path: path, system: "cannot be sealed")
    }
    try write(FileSeal.text(digest), to: output)
    guard fsync(output) == 0 else {
      throw HDF5Error(path: path, system: "cannot be synced to disk")
    }
  }

  /// Everything after the user block, from the first byte to the last.
  private func writeBody(to output: Int32) throws -> FileSeal.Digest {
    var digest = FileSeal.Digest()
    var at = FileSeal.blockBytes
    for part in parts.sorted(by: { $0.extent.offset < $1.extent.offset }) {
      try put(laidOut(at..<part.extent.offset), to: output, &digest)
      let values = try part.values()
      precondition(values.count * MemoryLayout<Float>.stride == part.extent.bytes)
      try put(values, to: output, &digest)
      at = part.extent.offset + part.extent.bytes
    }
    var status = stat()
    guard fstat(layout, &status) == 0 else {
      throw HDF5Error(path: path, system: "cannot be laid out in memory")
    }
    try put(laidOut(at..<max(at, Int(status.st_size))), to: output, &digest)
    return digest
  }

  private func put<T>(_ values: [T], to output: Int32, _ digest: inout FileSeal.Digest) throws {
    values.withUnsafeBytes { digest.add($0) }
    try write(values, to: output)
  }

  /// What the library has put at these places.
  private func laidOut(_ range: Range<Int>) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    let got = pread(layout, &bytes, range.count, range.lowerBound)
    guard got == range.count else {
      throw HDF5Error(path: path, system: "cannot be laid out in memory")
    }
    return bytes
  }

  private func write<T>(_ values: [T], to output: Int32) throws {
    try values.withUnsafeBytes { bytes in
      var at = 0
      while at < bytes.count {
        let written = Glibc.write(output, bytes.baseAddress! + at, bytes.count - at)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { throw HDF5Error(path: path, system: "cannot be written") }
        at += written
      }
    }
  }
}
