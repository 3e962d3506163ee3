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
      case _ where scalar.value < 0x20: escaped += "\\x" + hex(scalar.value)
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return "\"\(escaped)\""
  }

  private static func hex(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 2 - digits.count) + digits
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
