// One record of comma-separated values, as RFC 4180 writes it.

/// The fields of one line of a CSV file.
package struct CSVRow {
  private let fields: [String]

  /// Fields in their order.
  package init(_ fields: [String]) { self.fields = fields }

  /// The line with its end. A field with a comma, a quote, a line break or a blank at an end stands
  /// in quotes, and quotes in it are doubled.
  package var line: String { fields.map(Self.quoted).joined(separator: ",") + "\n" }

  private static func quoted(_ field: String) -> String {
    // By scalars: with an accent on it, a quote is another character, and to readers still a quote.
    let isPlain =
      !field.unicodeScalars.contains { $0 == "," || $0 == "\"" || Character($0).isNewline }
      && field.first?.isWhitespace != true && field.last?.isWhitespace != true
    guard !isPlain else { return field }
    var quoted = "\"".unicodeScalars
    for scalar in field.unicodeScalars {
      quoted.append(scalar)
      if scalar == "\"" { quoted.append(scalar) }
    }
    return String(quoted) + "\""
  }
}
