// Writes one shard: frames go straight to their place in the file; the tables come at the end.
//
// HDF5 wants to know how long a dataset in one piece is before it decides where others lie, and
// the length is known only at the end. So the frames are written first, to where the library always
// puts the first dataset, and what the library writes around a dataset of that length, without its
// values, is then copied from a sparse file of its own.

import Foundation
import VARedHDF5

/// A shard on its way: whole under its name after `finish`, and not there at all before.
final class ShardWriter {
  /// Zeros behind the last frame, so that the data is never empty.
  static let paddingBytes = 64

  private let path: String
  private let set: String
  private let number: Int
  private var file: AppendedFile?
  private var frames: [Int64] = []
  private var clips: [Int64] = []
  private var pictures: [StoredPicture: Int] = [:]
  private var pictureLines = ""
  private var clipStart = 0
  private var clipChecksum = CRC32()

  private var partial: String { path + ".partial" }
  private var skeleton: String { path + ".tables.partial" }

  /// Begins a shard, to become the file `path`.
  ///
  /// - Throws: `DatasetError` where it cannot be written.
  init(path: String, set: String, number: Int) throws {
    (self.path, self.set, self.number) = (path, set, number)
    let start = try writeSkeleton(dataBytes: ShardWriter.paddingBytes, [:]).place(.data)
    file = try AppendedFile(path + ".partial", from: start.extent.offset, called: path)
  }

  deinit {
    file?.close()
    unlink(partial)
    unlink(skeleton)
  }

  /// Clips that are whole.
  var clipCount: Int { clips.count / ClipRecord.columns }
  /// Bytes of the frames so far.
  var dataBytes: Int { file?.count ?? 0 }

  /// Adds a frame to the clip that is open.
  func add(_ bytes: UnsafeRawBufferPointer, _ picture: StoredPicture, time: Int64) throws {
    guard let file else { return }
    let kind = pictures[picture] ?? pictures.count
    if kind == pictures.count {
      pictures[picture] = kind
      pictureLines += picture.line
    }
    let record = FrameRecord(
      offset: file.count, bytes: bytes.count, checksum: CRC32.of(bytes), time: time, picture: kind)
    clipChecksum.update(bytes)
    try file.append(bytes)
    frames += record.values
  }

  /// Forgets the frames of the clip that is open.
  func dropClip() throws {
    let first = clipStart * FrameRecord.columns
    if frames.count > first { try file?.truncate(to: Int(frames[first])) }
    frames.removeSubrange(first...)
    clipChecksum = CRC32()
  }

  /// Closes the clip.
  ///
  /// - Returns: its record, and how many bytes its frames take.
  func endClip(isTimed: Bool) -> (record: ClipRecord, bytes: Int) {
    let rows = frames[(clipStart * FrameRecord.columns)...]
    let count = rows.count / FrameRecord.columns
    let record = ClipRecord(
      firstFrame: clipStart, frames: count, isTimed: isTimed, checksum: clipChecksum.value,
      recordsChecksum: CRC32.of(rows))
    let bytes = dataBytes - Int(rows.first ?? 0)
    clips += record.values
    clipStart += count
    clipChecksum = CRC32()
    return (record, bytes)
  }

  /// Writes the tables, brings all of it to the disk, and gives the file its name.
  ///
  /// - Parameters:
  ///   - index: the shard's lines of index.csv.
  ///   - badClips: its lines of bad-clips.csv.
  /// - Throws: `DatasetError`, for example where the disk is full.
  func finish(index: String, badClips: String) throws {
    guard let file else { return }
    try [UInt8](repeating: 0, count: ShardWriter.paddingBytes).withUnsafeBytes {
      try file.append($0)
    }
    let texts: [ShardHeader.Table: String] = [
      .pictures: StoredPicture.columns.joined(separator: ",") + "\n" + pictureLines,
      .index: index, .badClips: badClips,
    ]
    let header = try writeSkeleton(dataBytes: file.count, texts)
    let data = header.place(.data).extent
    guard data.offset == file.start else {
      throw unwritableShard(path, "an HDF5 library that moved its first dataset")
    }
    let tables = try Data(contentsOf: URL(fileURLWithPath: skeleton), options: .alwaysMapped)
    try file.flush()
    try tables.withUnsafeBytes {
      try file.write(header.encoded + $0[ShardHeader.bytes..<data.offset], at: 0)
      let end = data.offset + data.bytes
      try file.write(Array($0[end...]), at: end)
      try file.setLength($0.count)
    }
    try file.synchronize()
    file.close()
    self.file = nil
    guard rename(partial, path) == 0 else { throw unwritableShard(path, lastSystemError()) }
    try AppendedFile.synchronizeFolder(of: path)
  }

  /// Has HDF5 write a shard with `dataBytes` of data that are not there.
  ///
  /// - Returns: the header that goes in front.
  private func writeSkeleton(
    dataBytes: Int, _ texts: [ShardHeader.Table: String]
  ) throws -> ShardHeader {
    do {
      let file = try HDF5File.create(skeleton, userBlockBytes: ShardHeader.bytes)
      var places: [ShardHeader.Table: ShardHeader.Place] = [:]
      let data = try file.createContiguous(
        ShardHeader.Table.data.path, of: UInt8.self, shape: [dataBytes])
      places[.data] = ShardHeader.Place(extent: data, checksum: 0)
      places[.frames] = try table(.frames, frames, FrameRecord.columns, in: file, isSummed: false)
      places[.clips] = try table(.clips, clips, ClipRecord.columns, in: file)
      for (table, text) in texts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        places[table] = try self.table(table, Array(text.utf8), 1, in: file)
      }
      try file.setAttribute("format", "vared-train shard")
      try file.setAttribute("format_version", 1)
      try file.setAttribute("fingerprint", set)
      try file.setAttribute("shard", number)
      try file.close()
      let length = try FileManager.default.attributesOfItem(atPath: skeleton)[.size] as? Int
      return ShardHeader(set: set, number: number, length: length ?? 0, places: places)
    } catch let error as HDF5Error {
      throw unwritableShard(path, error.message)
    }
  }

  private func table<T: HDF5Scalar>(
    _ table: ShardHeader.Table, _ values: [T], _ columns: Int, in file: HDF5File,
    isSummed: Bool = true
  ) throws -> ShardHeader.Place {
    let rows = values.count / columns
    let extent = try file.createContiguous(
      table.path, of: T.self, shape: columns == 1 ? [rows] : [rows, columns])
    try file.writeRows(table.path, 0..<rows, from: values)
    return ShardHeader.Place(extent: extent, checksum: isSummed ? CRC32.of(values) : 0)
  }
}
