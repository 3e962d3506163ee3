// Writing settings as YAML, for config.yaml and the checkpoints.

enum YAMLText {
  /// A YAML scalar that reads back as exactly this string.
  static func quoted(_ text: String) -> String {
    let plain = text.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
        || "/._-+=,@".unicodeScalars.contains($0)
    }
    let starts = text.first.map { $0.isLetter || $0 == "/" || $0 == "." || $0 == "_" } ?? false
    let reserved = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
    if plain && starts && !reserved.contains(text.lowercased()) { return text }
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": escaped += "\\" + String(scalar)
      case "\n": escaped += "\\n"
      case "\t": escaped += "\\t"
      case _ where isPlain(scalar): escaped.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x100: escaped += "\\x" + hex(scalar.value, digits: 2)
      case _ where scalar.value < 0x1_0000: escaped += "\\u" + hex(scalar.value, digits: 4)
      default: escaped += "\\U" + hex(scalar.value, digits: 8)
      }
    }
    return "\"\(escaped)\""
  }

  /// Whether YAML 1.2 (§5.1) lets the character stand as it is, and no reader takes it for a line's
  /// end or a byte order mark.
  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD: true
    case 0x1_0000...: true
    default: false
    }
  }

  private static func hex(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: digits - text.count) + text
  }

  // MARK: What no file of settings needs

  /// Bytes of a file of settings.
  static let mostBytes = 1 << 20
  /// How deeply lists and mappings may be nested.
  private static let mostDepth = 32

  /// The first anchor, alias or deep nesting of a text, which a reader would follow for as long as
  /// it likes: where, and what is wrong; nil: there is none.
  static func excess(in text: String) -> (line: Int, problem: String)? {
    var depth = 0
    for (number, line) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
      .enumerated()
    {
      if let problem = excess(inLine: Array(line), &depth) { return (number + 1, problem) }
    }
    return nil
  }

  private static func excess(inLine line: [UInt8], _ depth: inout Int) -> String? {
    var quote: UInt8?
    var (markers, atNode, index) = (0, true, 0)
    while index < line.count {
      let byte = line[index]
      let isLast = index + 1 == line.count
      let endsWord = isLast || line[index + 1] == 0x20 || line[index + 1] == 0x09
      if let open = quote {
        if byte == 0x5C, open == 0x22 { index += 1 }
        if byte == open { quote = nil }
        index += 1
        continue
      }
      switch byte {
      case 0x20, 0x09, 0x0D: break
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        if atNode { quote = byte }
        atNode = false
      case UInt8(ascii: "#") where index == 0 || line[index - 1] == 0x20: return nil
      case UInt8(ascii: "&") where atNode && !endsWord, UInt8(ascii: "*") where atNode && !endsWord:
        return "expected a value, found an anchor or alias (& or *); write the value itself"
      case UInt8(ascii: "-") where atNode && endsWord, UInt8(ascii: "?") where atNode && endsWord:
        markers += 1
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        if atNode { depth += 1 }
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth = max(0, depth - 1)
        atNode = false
      case UInt8(ascii: ","): atNode = depth > 0
      case UInt8(ascii: ":"): atNode = endsWord
      default: atNode = false
      }
      if max(depth, markers) > mostDepth { return "lists within lists are too deep" }
      index += 1
    }
    return nil
  }
}

extension Int {
  /// The whole number that a text writes in decimal digits; nil for anything else, such as the
  /// octal, binary, sexagesimal and underlined numbers of YAML 1.1.
  init?(decimal text: String) {
    let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    self.init(text)
  }
}

extension Double {
  /// The number that a text writes in decimal digits, with an exponent or without; nil for anything
  /// else.
  init?(decimal text: String) {
    let allowed = text.utf8.allSatisfy {
      (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0)
    }
    guard allowed, text.utf8.contains(where: { (0x30...0x39).contains($0) }) else { return nil }
    self.init(text)
  }
}

extension TrainingConfiguration {
  /// All settings as a YAML file that `read(yamlFile:)` takes.
  public var yaml: String {
    Setting.Group.all.map { group in
      let lines = group.settings.compactMap { setting in
        setting.text(self).map { "\(setting.key): \($0)\n" }
      }
      let remark = group.remark.map { " (\($0))" } ?? ""
      return "# \(group.title)\(remark)\n" + lines.joined()
    }.joined(separator: "\n")
  }
}
