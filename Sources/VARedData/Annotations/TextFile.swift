// The text of an annotation file; what is no UTF-8 text is refused by what it seems to be.

import Foundation

/// The text of a list, a table or a JSON file.
package struct TextFile {
  /// The longest file that is read; the list of a million videos has a third of it.
  private static let mostBytes = 256 << 20

  let path: String
  /// Without a byte order mark.
  let text: String

  /// Reads `path`.
  ///
  /// - Throws: `DatasetError` for what is missing, no regular file, or no UTF-8 text; it says what
  ///   was found and how to convert it.
  package init(path: String) throws {
    self.path = path
    let bytes = try TextFile.requireRegular(path)
    guard bytes <= TextFile.mostBytes else {
      throw DatasetError(
        path: path, expected: "a list of at most \(TextFile.mostBytes) bytes",
        found: "\(bytes)", remedy: "split it, or take out what is no line of it")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DatasetError(
        path: path, expected: "a readable file",
        found: String(cString: strerror(errno)).lowercased())
    }
    if let other = OtherContent(data) { throw other.refusal(path) }
    guard let text = String(data: data, encoding: .utf8) else {
      throw TextFile.wrongEncoding(data, path)
    }
    self.text = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
  }

  /// The lines that are not blank, with their numbers from 1.
  var lines: [(number: Int, text: Substring)] {
    text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
      .enumerated().map { (number: $0.offset + 1, text: $0.element) }
      .filter { !$0.text.allSatisfy(\.isWhitespace) }
  }

  /// The first line that is not blank.
  var firstLine: Substring {
    text.split(maxSplits: 1) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
      .first { !$0.allSatisfy(\.isWhitespace) } ?? ""
  }

  /// Refuses what is missing, a folder, or no regular file.
  ///
  /// - Returns: how many bytes it has.
  @discardableResult static func requireRegular(_ path: String) throws -> Int {
    let expected = "a label file or an HDF5 file of clips"
    var info = stat()
    guard stat(path, &info) == 0 else {
      throw DatasetError(
        path: path, expected: expected, found: String(cString: strerror(errno)).lowercased(),
        remedy: "check the path")
    }
    switch info.st_mode & S_IFMT {
    case S_IFREG: return Int(info.st_size)
    case S_IFDIR: throw DatasetError(path: path, expected: expected, found: "a folder")
    default: throw DatasetError(path: path, expected: expected, found: "a device, pipe or socket")
    }
  }

  /// The refusal of text in another encoding.
  private static func wrongEncoding(_ data: Data, _ path: String) -> DatasetError {
    let line = data.prefix(firstInvalid(data)).count { $0 == UInt8(ascii: "\n") } + 1
    let (name, words) =
      isMultiByte(data)
      ? ("GB18030", "a multi-byte encoding, such as GB18030, Big5 or Shift_JIS")
      : ("WINDOWS-1252", "Windows-1252 or Latin-1")
    return DatasetError(
      path: path, line: line, expected: "UTF-8 text", found: "bytes of another encoding (\(words))",
      remedy: conversion(path, from: name))
  }

  /// The command that makes UTF-8 of a file.
  static func conversion(_ path: String, from encoding: String) -> String {
    let target = joinedPath(path.parentFolder, path.stem + "-utf8." + path.fileExtension)
    return "convert it: iconv -f \(encoding) -t UTF-8 '\(path)' > '\(target)'"
  }

  /// Where UTF-8 ends to be valid.
  private static func firstInvalid(_ data: Data) -> Int {
    var decoder = UTF8()
    var bytes = data.makeIterator()
    var count = 0
    while true {
      switch decoder.decode(&bytes) {
      case .scalarValue(let scalar): count += UTF8.width(scalar)
      case .emptyInput, .error: return count
      }
    }
  }

  /// Whether bytes above 127 come in runs, as in encodings of East Asia, and not one by one.
  private static func isMultiByte(_ data: Data) -> Bool {
    var (single, paired, run) = (0, 0, 0)
    for byte in data.prefix(1 << 16) + [0] {
      if byte >= 0x80 {
        run += 1
      } else {
        if run == 1 { single += 1 } else if run > 1 { paired += 1 }
        run = 0
      }
    }
    return paired > single
  }
}
