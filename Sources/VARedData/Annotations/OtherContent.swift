// Files that people name in place of a list, told by their first bytes.

import Foundation

/// A kind of file that is no UTF-8 list.
struct OtherContent {
  private let found: String
  /// What to do; nil: to convert it from this encoding.
  private let remedy: String?
  private let encoding: String

  /// Looks at the first bytes; nil when nothing speaks against UTF-8 text.
  init?(_ data: Data) {
    let head = data.prefix(4096)
    func begins(_ bytes: [UInt8], at offset: Int = 0) -> Bool {
      head.dropFirst(offset).starts(with: bytes)
    }
    func content(_ found: String, _ remedy: String) -> OtherContent {
      OtherContent(found: found, remedy: remedy)
    }
    if begins([0xFF, 0xFE, 0, 0]) || begins([0, 0, 0xFE, 0xFF]) {
      self.init(encoding: "UTF-32")
    } else if begins([0xFF, 0xFE]) || begins([0xFE, 0xFF]) {
      self.init(encoding: "UTF-16")
    } else if let order = OtherContent.unmarkedUTF16(head) {
      self.init(encoding: order)
    } else if begins(Array("PK\u{3}\u{4}".utf8)) {
      self = content(
        "a ZIP file or a spreadsheet", "unpack it, or save the sheet as CSV (UTF-8)")
    } else if begins([0x1F, 0x8B]) {
      self = content("a gzip file", "unpack it with gunzip or tar -xzf")
    } else if begins(Array("PAR1".utf8)) {
      self = content("a Parquet file", "write it as CSV with the header path,label,split")
    } else if begins([0x93] + Array("NUMPY".utf8)) {
      self = content("a NumPy file", "write clips into an HDF5 file with /clips and /labels")
    } else if begins(Array("ustar".utf8), at: 257) {
      self = content("a tar archive", "unpack it and name the folder")
    } else if begins([0x80, 0x02]) || begins([0x80, 0x03]) || begins([0x80, 0x04])
      || begins([0x80, 0x05])
    {
      self = content("a Python pickle", "write it as CSV with the header path,label,split")
    } else if head.contains(0) {
      self = content("something else", "name the list of videos, not a video")
    } else {
      return nil
    }
  }

  private init(found: String, remedy: String) {
    (self.found, self.remedy, encoding) = (found, remedy, "")
  }

  private init(encoding: String) {
    (found, remedy, self.encoding) = ("\(encoding) text", nil, encoding)
  }

  /// The error that names it.
  func refusal(_ path: String) -> DatasetError {
    DatasetError(
      path: path, line: remedy == nil ? 1 : nil,
      expected: "a label file (UTF-8 text) or an HDF5 file of clips", found: found,
      remedy: remedy ?? TextFile.conversion(path, from: encoding))
  }

  /// UTF-16 of mostly Latin letters, without a byte order mark: every other byte is zero.
  private static func unmarkedUTF16(_ head: Data) -> String? {
    guard head.count >= 8 else { return nil }
    var zeros = [0, 0]
    for (place, byte) in head.enumerated() where byte == 0 { zeros[place % 2] += 1 }
    let half = head.count / 2
    if zeros[1] * 10 > half * 8, zeros[0] * 10 < half { return "UTF-16LE" }
    if zeros[0] * 10 > half * 8, zeros[1] * 10 < half { return "UTF-16BE" }
    return nil
  }
}
