// An open shard: its tables, and its frames by pread.

import Foundation
import Synchronization
import VARedHDF5

/// A shard that is read. Safe to use from several threads.
final class ShardFile: Sendable {
  let path: String
  let header: ShardHeader
  let pictures: [StoredPicture]
  private let clips: [Int64]
  private let descriptor: Int32
  private let hasSaidSlow = Atomic<Bool>(false)

  /// Opens a shard and reads what it says of its clips.
  ///
  /// - Throws: `DatasetError` where it is missing, truncated, damaged or no shard.
  init(path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw damagedShard(path, lastSystemError()) }
    do {
      (header, clips, pictures) = try ShardFile.contents(descriptor, path)
    } catch {
      _ = Glibc.close(descriptor)
      throw error
    }
  }

  private static func contents(
    _ descriptor: Int32, _ path: String
  ) throws -> (ShardHeader, clips: [Int64], pictures: [StoredPicture]) {
    let start = try read(descriptor, path, HDF5Extent(offset: 0, bytes: ShardHeader.bytes))
    guard let header = ShardHeader(encoded: start) else {
      throw damagedShard(path, "a file that is no shard, or is damaged at its start")
    }
    var info = stat()
    guard fstat(descriptor, &info) == 0, Int(info.st_size) >= header.length else {
      throw damagedShard(path, "a file that is truncated")
    }
    // No sum of numbers below 2^48 overflows.
    guard header.places.values.allSatisfy({ $0.extent.offset + $0.extent.bytes <= header.length })
    else { throw damagedShard(path, "tables that end beyond the shard") }
    let clips = try table(.clips, header, descriptor, path).withUnsafeBytes {
      Array($0.bindMemory(to: Int64.self))
    }
    let text = String(decoding: try table(.pictures, header, descriptor, path), as: UTF8.self)
    let lines = text.split(separator: "\n").dropFirst()
    let pictures = lines.compactMap { StoredPicture($0) }
    guard pictures.count == lines.count else {
      throw damagedShard(path, "kinds of pictures that this program does not know")
    }
    return (header, clips, pictures)
  }

  deinit { _ = Glibc.close(descriptor) }

  /// A text table: the shard's lines of the index, or of the bad clips.
  func text(_ table: ShardHeader.Table) throws -> String {
    String(decoding: try ShardFile.table(table, header, descriptor, path), as: UTF8.self)
  }

  /// The clips of the shard.
  var clipCount: Int { clips.count / ClipRecord.columns }

  /// Frames of all clips.
  var frameCount: Int {
    header.place(.frames).extent.bytes / (FrameRecord.columns * MemoryLayout<Int64>.stride)
  }
  /// Bytes of all frames.
  var frameBytes: Int { header.place(.data).extent.bytes - ShardWriter.paddingBytes }

  /// The record of clip `row`, and those of its frames.
  ///
  /// - Throws: `DatasetError` where there is no such clip or its records are damaged.
  func clip(_ row: Int) throws -> (clip: ClipRecord, frames: [FrameRecord]) {
    let columns = ClipRecord.columns
    guard (0..<clipCount).contains(row),
      let clip = ClipRecord(clips[(row * columns)..<((row + 1) * columns)])
    else { throw damagedShard(path, "\(clipCount) clips, none of them number \(row)") }
    let bytes = FrameRecord.columns * MemoryLayout<Int64>.stride
    let extent = header.place(.frames).extent
    let held = extent.bytes / bytes
    guard clip.frames <= held, clip.firstFrame <= held - clip.frames else {
      throw damagedShard(path, "too few frames for clip \(row)")
    }
    let records = try read(
      HDF5Extent(offset: extent.offset + clip.firstFrame * bytes, bytes: clip.frames * bytes))
    let values = records.withUnsafeBytes { Array($0.bindMemory(to: Int64.self)) }
    guard CRC32.of(values) == clip.recordsChecksum else {
      throw damagedShard(path, "frame records of clip \(row) that do not match their checksum")
    }
    let data = header.place(.data).extent.bytes
    let frames = (0..<clip.frames).compactMap {
      FrameRecord(values[($0 * FrameRecord.columns)..<(($0 + 1) * FrameRecord.columns)])
    }
    guard frames.count == clip.frames,
      frames.allSatisfy({ $0.offset <= data - $0.bytes && $0.picture < pictures.count })
    else { throw damagedShard(path, "frame records of clip \(row) that lead nowhere") }
    return (clip, frames)
  }

  /// Reads `bytes.count` bytes of the data from `offset` on.
  ///
  /// - Throws: `DatasetError` where the file ends before, or cannot be read.
  func readData(_ offset: Int, into bytes: UnsafeMutableRawBufferPointer) throws {
    let start = ContinuousClock.now
    try ShardFile.read(descriptor, path, header.place(.data).extent.offset + offset, into: bytes)
    let seconds = start.duration(to: .now) / .seconds(1)
    if seconds > 5, !hasSaidSlow.exchange(true, ordering: .relaxed) {
      let line = "note: \(path): a read of \(bytes.count) bytes took \(Int(seconds)) s\n"
      try? FileHandle.standardError.write(contentsOf: Data(line.utf8))
    }
  }

  private func read(_ extent: HDF5Extent) throws -> [UInt8] {
    try ShardFile.read(descriptor, path, extent)
  }

  private static func table(
    _ table: ShardHeader.Table, _ header: ShardHeader, _ descriptor: Int32, _ path: String
  ) throws -> [UInt8] {
    let place = header.place(table)
    let bytes = try read(descriptor, path, place.extent)
    guard CRC32.of(bytes) == place.checksum else {
      throw damagedShard(path, "a table of \(table.rawValue) that does not match its checksum")
    }
    return bytes
  }

  private static func read(
    _ descriptor: Int32, _ path: String, _ extent: HDF5Extent
  ) throws -> [UInt8] {
    var info = stat()
    guard fstat(descriptor, &info) == 0, extent.offset + extent.bytes <= Int(info.st_size) else {
      throw damagedShard(path, "a file that is truncated")
    }
    var bytes = [UInt8](repeating: 0, count: extent.bytes)
    try bytes.withUnsafeMutableBytes { try read(descriptor, path, extent.offset, into: $0) }
    return bytes
  }

  private static func read(
    _ descriptor: Int32, _ path: String, _ offset: Int, into bytes: UnsafeMutableRawBufferPointer
  ) throws {
    var done = 0
    while done < bytes.count {
      let got = pread(
        descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw damagedShard(path, lastSystemError()) }
      guard got > 0 else { throw damagedShard(path, "a file that is truncated") }
      done += got
    }
  }
}
