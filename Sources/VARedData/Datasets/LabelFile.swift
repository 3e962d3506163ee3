// Reads the label files: CSV with a header, or the `path label` lines of SlowFast and MMAction2.

import Foundation

/// The rows of one label file.
struct LabelFile {
  /// One clip as it is written in the file.
  struct Row: Equatable {
    let path: String
    let label: String
    /// nil in a file without splits.
    let split: Split?
    /// Counted from 1.
    let line: Int
  }

  let path: String
  let rows: [Row]

  /// Reads `path`.
  ///
  /// The first line decides the form: a CSV line with the fields `path` and `label` is a header
  /// (any order, `split` optional, more columns are ignored); anything else is a list of
  /// `path label` lines, the label after the last space.
  ///
  /// - Throws: `DatasetError` for a file that is missing, a folder, no text, empty, or malformed.
  init(path: String) throws {
    self.path = path
    let text = try LabelFile.text(of: path)
    let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.enumerated()
      .map { (number: $0.offset + 1, text: $0.element) }
      .filter { !$0.text.allSatisfy(\.isWhitespace) }
    guard let first = lines.first else {
      throw LabelFile.empty(path)
    }
    if let header = Header(first.text) {
      rows = try lines.dropFirst().map {
        try LabelFile.csvRow($0.text, line: $0.number, header, path)
      }
    } else {
      rows = try lines.map { try LabelFile.listRow($0.text, line: $0.number, path) }
    }
    if rows.isEmpty { throw LabelFile.empty(path) }
  }

  /// Where the columns of a CSV file are.
  private struct Header {
    let count: Int
    let path: Int
    let label: Int
    let split: Int?

    init?(_ line: Substring) {
      guard let names = fieldsOfCSVLine(line)?.map({ $0.lowercased() }),
        let path = names.firstIndex(of: "path"), let label = names.firstIndex(of: "label")
      else { return nil }
      (count, self.path, self.label) = (names.count, path, label)
      split = names.firstIndex(of: "split")
    }
  }

  private static func csvRow(
    _ text: Substring, line: Int, _ header: Header, _ path: String
  ) throws -> Row {
    guard let fields = fieldsOfCSVLine(text) else {
      throw DatasetError(
        path: path, line: line, expected: "comma-separated fields",
        found: "a quote that is not closed or not at a field's ends",
        remedy: "double the quotes inside a quoted field")
    }
    guard fields.count == header.count else {
      throw DatasetError(
        path: path, line: line, expected: "\(header.count) fields as in the header",
        found: "\(fields.count)", remedy: "put a path that holds a comma in double quotes")
    }
    let split = try header.split.map { try parseSplit(fields[$0], line: line, path) }
    return try row(
      clip: fields[header.path], label: fields[header.label], split: split, line: line, path)
  }

  private static func listRow(_ text: Substring, line: Int, _ path: String) throws -> Row {
    let trimmed = text.trimmingCharacters(in: .whitespaces)
    guard let space = trimmed.lastIndex(where: \.isWhitespace) else {
      let hint =
        line == 1 && trimmed.contains(",")
        ? "a CSV file starts with the header path,label,split"
        : "write the video's path, a space and its label"
      throw DatasetError(
        path: path, line: line, expected: "`path label`", found: "'\(trimmed.prefix(80))'",
        remedy: hint)
    }
    let clip = trimmed[..<space].trimmingCharacters(in: .whitespaces)
    return try row(
      clip: clip, label: String(trimmed[trimmed.index(after: space)...]), split: nil, line: line,
      path)
  }

  private static func row(
    clip: String, label: String, split: Split?, line: Int, _ path: String
  ) throws -> Row {
    guard !clip.isEmpty, !label.isEmpty else {
      throw DatasetError(
        path: path, line: line, expected: "a path and a label",
        found: clip.isEmpty ? "no path" : "no label")
    }
    return Row(path: clip, label: label, split: split, line: line)
  }

  private static func parseSplit(_ text: String, line: Int, _ path: String) throws -> Split {
    switch text.lowercased() {
    case "train": return .train
    case "val", "validation": return .val
    default:
      throw DatasetError(
        path: path, line: line, expected: "a split train or val", found: "'\(text.prefix(80))'")
    }
  }

  private static func empty(_ path: String) -> DatasetError {
    DatasetError(
      path: path, expected: "a label file with at least one clip", found: "none",
      remedy: "each line names a video and its label")
  }

  private static func text(of path: String) throws -> String {
    try requireFile(path)
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DatasetError(
        path: path, expected: "a readable label file", found: String(cString: strerror(errno)))
    }
    guard !data.prefix(4096).contains(0), let text = String(data: data, encoding: .utf8) else {
      throw DatasetError(
        path: path, expected: "a label file (UTF-8 text) or an HDF5 file of clips",
        found: "something else", remedy: "name the list of videos, not a video")
    }
    return text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
  }

  /// Refuses what is missing, a folder, or no regular file.
  static func requireFile(_ path: String) throws {
    let expected = "a label file or an HDF5 file of clips"
    var info = stat()
    guard stat(path, &info) == 0 else {
      throw DatasetError(
        path: path, expected: expected, found: String(cString: strerror(errno)).lowercased(),
        remedy: "check the path")
    }
    switch info.st_mode & S_IFMT {
    case S_IFREG: return
    case S_IFDIR:
      throw DatasetError(
        path: path, expected: expected, found: "a folder",
        remedy:
          "name a file in it, such as \((path as NSString).appendingPathComponent("labels.csv"))")
    default:
      throw DatasetError(path: path, expected: expected, found: "a device, pipe or socket")
    }
  }
}
