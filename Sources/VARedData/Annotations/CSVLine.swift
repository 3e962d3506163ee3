// One line of comma-separated values, as RFC 4180 writes it.

/// One record with its end: a field with a comma, a quote, a line break or a space at an end stands
/// in quotes, and quotes in it are doubled.
func csvLine(_ fields: [String]) -> String {
  fields.map { field in
    let isPlain =
      !field.contains { $0 == "," || $0 == "\"" || $0.isNewline }
      && field.first?.isWhitespace != true && field.last?.isWhitespace != true
    return isPlain ? field : "\"" + field.replacing("\"", with: "\"\"") + "\""
  }.joined(separator: ",") + "\n"
}
