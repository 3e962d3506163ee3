// Tables of separated values, read by SwiftCSV.

import SwiftCSV

/// The rows of a CSV file: fields in quotes may hold separators, quotes and line breaks.
package struct CSVTable {
  /// One row that is not blank.
  package struct Row {
    /// Without the white space around those that are not in quotes.
    package let fields: [String]
    /// The line it begins on, counted from 1.
    package let line: Int
  }

  let path: String
  /// Those that are not blank.
  package let rows: [Row]

  /// Reads `file`, whose fields are separated by `delimiter`.
  ///
  /// - Throws: `DatasetError` where quotes do not close or stand inside a field.
  package init(_ file: TextFile, delimiter: Character) throws {
    path = file.path
    guard file.text.utf8.count(where: { $0 == UInt8(ascii: "\"") }) % 2 == 0 else {
      throw CSVTable.wrongQuotes(file)
    }
    // A last field that is empty counts only with a line end behind it.
    let text = CSVTable.withGuards(
      file.text.last?.isNewline == true ? file.text : file.text + "\n", delimiter)
    // SwiftCSV leaves out blanks before a field. Those behind it belong to it only within quotes,
    // and it does not say which were: where any quoted field ends with one, all are kept.
    let keepsBlanks = CSVTable.hasBlankBeforeQuote(file.text, delimiter)
    var rows: [Row] = []
    var line = 1
    do {
      try EnumeratedCSV(
        string: text, delimiter: .character(delimiter), loadColumns: false, rowLimit: 0
      ).enumerateAsArray(startAt: 0, rowLimit: nil) { fields in
        let fields = fields.map(CSVTable.withoutGuards)
        defer { line += 1 + fields.reduce(0) { $0 + $1.count(where: \.isNewline) } }
        if fields.count > 1 || fields.first?.isEmpty == false {
          rows.append(
            Row(fields: keepsBlanks ? fields : fields.map(CSVTable.withoutEndBlanks), line: line))
        }
      }
    } catch is CSVParseError {
      throw CSVTable.wrongQuotes(file)
    }
    self.rows = rows
  }

  /// The character between the fields of a header line that has one of `names` as a field.
  static func delimiter(ofHeader line: Substring, with names: Set<String>) -> Character? {
    [",", ";", "\t"].first { delimiter in
      line.split(separator: delimiter, omittingEmptySubsequences: false).contains {
        names.contains($0.filter { $0 != "\"" }.trimmingBlanks.lowercased())
      }
    }
  }

  /// The last code point for private use, which no text has.
  private static let guardian: Unicode.Scalar = "\u{FFFFD}"

  /// The text with quotes and separators set apart from accents behind them, which would make other
  /// characters of them.
  private static func withGuards(_ text: String, _ delimiter: Character) -> String {
    guard text.utf8.contains(where: { $0 >= 0x80 }) else { return text }
    return text.reduce(into: "") { result, character in
      let scalars = character.unicodeScalars
      guard let first = scalars.first, scalars.count > 1, character != "\r\n",
        first == "\"" || Character(first) == delimiter || Character(first).isNewline
      else {
        result.append(character)
        return
      }
      result.unicodeScalars.append(first)
      result.unicodeScalars.append(guardian)
      result.unicodeScalars.append(contentsOf: scalars.dropFirst())
    }
  }

  private static func withoutGuards(_ field: String) -> String {
    guard field.unicodeScalars.contains(guardian) else { return field }
    return String(String.UnicodeScalarView(field.unicodeScalars.filter { $0 != guardian }))
  }

  private static func withoutEndBlanks(_ field: String) -> String {
    guard field.last?.isWhitespace == true else { return field }
    return String(field.reversed().drop(while: \.isWhitespace).reversed())
  }

  /// Whether a quoted field ends with white space.
  private static func hasBlankBeforeQuote(_ text: String, _ delimiter: Character) -> Bool {
    var (before, isAfterBlank) = (Character("\n"), false)
    for character in text {
      if isAfterBlank, character == delimiter || character.isNewline { return true }
      isAfterBlank = character == "\"" && before.isWhitespace && !before.isNewline
      before = character
    }
    return isAfterBlank
  }

  private static func wrongQuotes(_ file: TextFile) -> DatasetError {
    DatasetError(
      path: file.path,
      line: file.lines.first { $0.text.count { $0 == "\"" } % 2 == 1 }?.number
        ?? file.lines.first { $0.text.contains("\"") }?.number,
      expected: "separated fields",
      found: "a quote that is not closed or not at a field's ends",
      remedy: "double the quotes inside a quoted field")
  }
}
