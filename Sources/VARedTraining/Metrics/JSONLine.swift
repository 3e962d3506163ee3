// One JSON object on one line, keys in the order in which they are added.

/// Builds a line of metrics.jsonl.
package struct JSONLine {
  private var members: [String] = []

  /// No member yet.
  package init() {}

  package mutating func add(_ key: String, _ value: Int) { addRaw(key, String(value)) }

  /// Seven significant digits, which is what the measured numbers are good for; not finite: null.
  package mutating func add(_ key: String, _ value: Double) {
    addRaw(key, value.isFinite ? "\(Float(value))" : "null")
  }

  package mutating func add(_ key: String, _ value: String) { addRaw(key, Self.quoted(value)) }

  package mutating func add(_ key: String, _ value: JSONLine) { addRaw(key, value.text) }

  package mutating func add(_ key: String, _ values: [Double]) {
    addRaw(
      key, "[" + values.map { $0.isFinite ? "\(Float($0))" : "null" }.joined(separator: ",") + "]")
  }

  package mutating func add(_ key: String, _ values: [Int]) { addRaw(key, Self.list(values)) }

  package mutating func add(_ key: String, _ rows: [[Int]]) {
    addRaw(key, "[" + rows.map(Self.list).joined(separator: ",") + "]")
  }

  package mutating func add(_ key: String, _ value: Bool) { addRaw(key, value ? "true" : "false") }

  package mutating func add(_ key: String, _ texts: [String]) { addRaw(key, Self.list(texts)) }

  package mutating func add(_ key: String, _ lines: [JSONLine]) {
    addRaw(key, "[" + lines.map(\.text).joined(separator: ",") + "]")
  }

  /// The object.
  package var text: String { "{" + members.joined(separator: ",") + "}" }

  private mutating func addRaw(_ key: String, _ value: String) {
    members.append(Self.quoted(key) + ":" + value)
  }

  /// A JSON list of strings.
  static func list(_ texts: [String]) -> String {
    "[" + texts.map(quoted).joined(separator: ",") + "]"
  }

  private static func list(_ values: [Int]) -> String {
    "[" + values.map(String.init).joined(separator: ",") + "]"
  }

  private static func quoted(_ text: String) -> String {
    var escaped = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": escaped += "\\" + String(scalar)
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped + "\""
  }
}
