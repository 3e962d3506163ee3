// One line of comma-separated values (RFC 4180 quoting, no line breaks inside quotes).

/// Splits `line` at commas; a field in double quotes may hold commas, and `""` for a quote.
/// Spaces around an unquoted field do not belong to it.
///
/// - Returns: the fields, or nil when a quote is not closed or text follows a closing quote.
func fieldsOfCSVLine(_ line: Substring) -> [String]? {
  var fields: [String] = []
  var rest = line
  while true {
    rest = rest.drop { $0 == " " || $0 == "\t" }
    guard let field = rest.first == "\"" ? takeQuoted(&rest) : takePlain(&rest) else { return nil }
    fields.append(field)
    guard rest.first == "," else { return rest.isEmpty ? fields : nil }
    rest = rest.dropFirst()
  }
}

private func takePlain(_ rest: inout Substring) -> String? {
  var field = rest.prefix { $0 != "," }
  rest = rest[field.endIndex...]
  while let last = field.last, last == " " || last == "\t" { field.removeLast() }
  return String(field)
}

private func takeQuoted(_ rest: inout Substring) -> String? {
  var field = ""
  var open = rest.dropFirst()
  while let quote = open.firstIndex(of: "\"") {
    field += open[..<quote]
    open = open[open.index(after: quote)...]
    guard open.first == "\"" else {
      rest = open.drop { $0 == " " || $0 == "\t" }
      return field
    }
    field += "\""
    open = open.dropFirst()
  }
  return nil
}

/// One record as RFC 4180 writes it, with its end: a field with a comma, a quote, a line break or
/// a space at an end stands in quotes, and quotes in it are doubled.
func csvLine(_ fields: [String]) -> String {
  fields.map { field in
    let isPlain =
      !field.contains { $0 == "," || $0 == "\"" || $0.isNewline }
      && field.first?.isWhitespace != true && field.last?.isWhitespace != true
    return isPlain ? field : "\"" + field.replacing("\"", with: "\"\"") + "\""
  }.joined(separator: ",") + "\n"
}
