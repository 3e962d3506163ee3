// The rows of a shard's tables: what is known of a clip and of each of its frames.

/// A row of `/frames`.
struct FrameRecord: Equatable {
  static let columns = 5

  /// Where the frame begins, in bytes from the start of `/data`.
  let offset: Int
  let bytes: Int
  /// CRC-32 of the bytes.
  let checksum: UInt32
  /// When it is shown, in units of its video's own clock; 0 where the video has no times.
  let time: Int64
  /// The line of `/pictures`, counted from 0.
  let picture: Int

  var values: [Int64] {
    [Int64(offset), Int64(bytes), Int64(checksum), time, Int64(picture)]
  }

  init(offset: Int, bytes: Int, checksum: UInt32, time: Int64, picture: Int) {
    (self.offset, self.bytes, self.checksum) = (offset, bytes, checksum)
    (self.time, self.picture) = (time, picture)
  }

  /// nil for numbers that no writer writes.
  init?(_ values: ArraySlice<Int64>) {
    let values = Array(values)
    guard values.count == FrameRecord.columns, let offset = Int(exactly: values[0]),
      let bytes = Int(exactly: values[1]), offset >= 0, bytes > 0,
      let checksum = UInt32(exactly: values[2]), let picture = Int(exactly: values[4]),
      picture >= 0
    else { return nil }
    self.init(offset: offset, bytes: bytes, checksum: checksum, time: values[3], picture: picture)
  }
}

/// A row of `/clips`.
struct ClipRecord: Equatable {
  static let columns = 5

  /// The clip's first row of `/frames`.
  let firstFrame: Int
  let frames: Int
  /// Whether frames have times; else they are only counted.
  let isTimed: Bool
  /// CRC-32 of the bytes of all frames.
  let checksum: UInt32
  /// CRC-32 of the clip's rows of `/frames`.
  let recordsChecksum: UInt32

  var values: [Int64] {
    [
      Int64(firstFrame), Int64(frames), isTimed ? 1 : 0, Int64(checksum), Int64(recordsChecksum),
    ]
  }

  init(firstFrame: Int, frames: Int, isTimed: Bool, checksum: UInt32, recordsChecksum: UInt32) {
    (self.firstFrame, self.frames, self.isTimed) = (firstFrame, frames, isTimed)
    (self.checksum, self.recordsChecksum) = (checksum, recordsChecksum)
  }

  /// nil for numbers that no writer writes.
  init?(_ values: ArraySlice<Int64>) {
    let values = Array(values)
    guard values.count == ClipRecord.columns, let first = Int(exactly: values[0]),
      let frames = Int(exactly: values[1]), first >= 0, frames > 0,
      let checksum = UInt32(exactly: values[3]), let records = UInt32(exactly: values[4])
    else { return nil }
    self.init(
      firstFrame: first, frames: frames, isTimed: values[2] != 0, checksum: checksum,
      recordsChecksum: records)
  }
}
