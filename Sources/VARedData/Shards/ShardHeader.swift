// The text in front of a shard: which set it belongs to, and where in the file its tables lie.
// It and the tables carry checksums, because the HDF5 library may crash on a damaged file: a shard
// is read without it.

import VARedHDF5

/// The first 4096 bytes of a shard, which HDF5 programs skip.
struct ShardHeader: Equatable {
  /// The bytes of the header, and of HDF5's user block.
  static let bytes = 4096
  private static let title = "vared-train shard 1"

  /// The datasets of a shard.
  enum Table: String, CaseIterable {
    /// uint8: the frames, one after the other.
    case data
    /// int64 `[F,5]`, see `FrameRecord`.
    case frames
    /// int64 `[C,5]`, see `ClipRecord`.
    case clips
    /// uint8: CSV text, a line for each kind of picture, see `StoredPicture`.
    case pictures
    /// uint8: this shard's lines of index.csv.
    case index
    /// uint8: this shard's lines of bad-clips.csv.
    case badClips = "bad_clips"

    /// The dataset's path in the file.
    var path: String { "/" + rawValue }
  }

  /// A table's place, and the CRC-32 of all of it; 0 for `data` and `frames`, whose pieces have
  /// their own.
  struct Place: Equatable {
    let extent: HDF5Extent
    let checksum: UInt32
  }

  /// The fingerprint of the set.
  let set: String
  /// The shard's number in it.
  let number: Int
  /// Bytes of the whole file.
  let length: Int
  let places: [Table: Place]

  init(set: String, number: Int, length: Int, places: [Table: Place]) {
    (self.set, self.number, self.length, self.places) = (set, number, length, places)
  }

  /// The place of `table`; every header has all of them.
  func place(_ table: Table) -> Place {
    places[table] ?? Place(extent: HDF5Extent(offset: 0, bytes: 0), checksum: 0)
  }

  /// The header as it stands in the file, `bytes` long.
  var encoded: [UInt8] {
    var lines = "\(ShardHeader.title)\nset \(set)\nshard \(number)\nbytes \(length)\n"
    for table in Table.allCases {
      let place = place(table)
      lines +=
        "\(table.rawValue) \(place.extent.offset) \(place.extent.bytes) \(place.checksum)\n"
    }
    lines += "crc32 \(CRC32.of(lines.utf8))\n"
    return Array(lines.utf8) + [UInt8](repeating: 0, count: ShardHeader.bytes - lines.utf8.count)
  }

  /// The header in a file's first bytes; nil where it is none, or damaged.
  init?(encoded: [UInt8]) {
    let text = String(decoding: encoded.prefix { $0 != 0 }, as: UTF8.self)
    let lines = text.split(separator: "\n")
    guard lines.count == 5 + Table.allCases.count, lines[0] == ShardHeader.title,
      lines[1].hasPrefix("set "), lines[2].hasPrefix("shard "),
      let number = Int(lines[2].dropFirst(6)), lines[3].hasPrefix("bytes "),
      let length = Int(lines[3].dropFirst(6))
    else { return nil }
    var places: [Table: Place] = [:]
    for (table, line) in zip(Table.allCases, lines.dropFirst(4)) {
      let words = line.split(separator: " ")
      guard words.count == 4, words[0] == table.rawValue, let offset = Int(words[1]),
        let bytes = Int(words[2]), let checksum = UInt32(words[3]), offset >= 0, bytes >= 0,
        bytes < 1 << 48, offset < 1 << 48
      else { return nil }
      places[table] = Place(extent: HDF5Extent(offset: offset, bytes: bytes), checksum: checksum)
    }
    self.init(
      set: String(lines[1].dropFirst(4)), number: number, length: length, places: places)
    guard self.encoded == encoded else { return nil }
  }
}
