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
    let isPlain =
      !field.contains { $0 == "," || $0 == "\"" || $0.isNewline }
      && field.first?.isWhitespace != true && field.last?.isWhitespace != true
    return isPlain ? field : "\"" + field.replacing("\"", with: "\"\"") + "\""
  }
}
