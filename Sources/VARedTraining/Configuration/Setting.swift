// One setting: its name, what it is for, how its text is read, checked and written. The list of all
// of them is in Settings.swift, and is what YAML files, config.yaml and the flags are made from.

import Yams

/// A named, typed, checked field of `TrainingConfiguration`; its default is that field's.
package struct Setting: Sendable {
  typealias Path<Value> = WritableKeyPath<TrainingConfiguration, Value> & Sendable

  /// The readers of a help text that it is shown to.
  package enum Audience: Sendable {
    /// All, those who train for the first time among them.
    case everyone
    /// Those who know what to change.
    case further
    /// Those who study how gates learn (METHOD §4).
    case research
  }

  /// The name in YAML files; with two dashes in front, the flag.
  package let key: String
  /// Names that the key had before; they are still read.
  private(set) var formerKeys: [String] = []
  /// What the help calls its value: `--batch <clips>`.
  package let valueName: String
  /// What it is for, in words, without range and default.
  let purpose: String
  /// Its readers.
  package let audience: Audience
  /// Right values of a number: "1 to 4096"; nil for what is no number.
  let range: String?
  /// What a right value is: "a whole number from 1 to 4096".
  package let expected: String
  /// The type of what `set` takes.
  package let valueType: any Any.Type
  /// Stores a value of `valueType`.
  package let set: @Sendable (_ value: Any, _ into: inout TrainingConfiguration) -> Void
  /// Stores a YAML scalar; false if it is of another type.
  let read: @Sendable (Node.Scalar, inout TrainingConfiguration) -> Bool
  /// Whether the present value is within its range.
  let isValid: @Sendable (TrainingConfiguration) -> Bool
  /// The present value as YAML text; nil: unset.
  let text: @Sendable (TrainingConfiguration) -> String?

  /// - Parameters:
  ///   - type: what `set` takes, where that is not `Value`.
  ///   - parse: a value from YAML; nil if it is of another type.
  ///   - write: YAML text of a value; nil: unset.
  private init<Value>(
    _ key: String, _ path: Path<Value>, _ valueName: String, _ purpose: String,
    _ audience: Audience,
    type: any Any.Type = Value.self, range: String? = nil, expected: String,
    parse: @escaping @Sendable (Node.Scalar) -> Value?,
    isValid: @escaping @Sendable (Value) -> Bool = { _ in true },
    write: @escaping @Sendable (Value) -> String?
  ) {
    self.key = key
    self.valueName = valueName
    self.purpose = purpose
    self.audience = audience
    self.range = range
    self.expected = expected
    valueType = type
    set = { value, into in
      guard let value = value as? Value else {
        preconditionFailure("\(key): expected \(Value.self), found \(value)")
      }
      into[keyPath: path] = value
    }
    read = { scalar, into in
      guard let value = parse(scalar) else { return false }
      into[keyPath: path] = value
      return true
    }
    self.isValid = { isValid($0[keyPath: path]) }
    text = { write($0[keyPath: path]) }
  }

  /// What the help says: purpose, range and default.
  package var help: String {
    guard isValid(TrainingConfiguration()) else { return "\(purpose). Required." }
    let facts = [range, defaultText.map { "default: \($0)" }].compactMap { $0 }
    return purpose + (facts.isEmpty ? "." : " (\(facts.joined(separator: "; "))).")
  }

  /// The default as people write it, of a switch as its flag; nil: there is none.
  var defaultText: String? {
    let settings = TrainingConfiguration()
    guard isValid(settings), let text = text(settings) else { return nil }
    if valueType is Bool.Type { return text == "true" ? "--\(key)" : "--no-\(key)" }
    return valueType is Double.Type ? Double(text)?.plain : text
  }

  /// The same setting, which was called `key` before.
  func formerly(_ key: String) -> Setting {
    var setting = self
    setting.formerKeys.append(key)
    return setting
  }
}

// MARK: Kinds of settings

extension Setting {
  static func whole(
    _ key: String, _ path: Path<Int>, _ range: ClosedRange<Int>, _ valueName: String,
    _ purpose: String, for audience: Audience = .further
  ) -> Setting {
    let words = "\(range.lowerBound) to \(range.upperBound)"
    return Setting(
      key, path, valueName, purpose, audience, range: words,
      expected: "a whole number from \(words)", parse: { Int(decimal: $0.string) },
      isValid: range.contains, write: { String($0) })
  }

  /// - Parameters:
  ///   - unit: what errors call what is counted.
  ///   - zero: what errors say that 0 means.
  static func number(
    _ key: String, _ path: Path<Double>, _ range: some NumberRange, _ valueName: String,
    _ purpose: String, for audience: Audience = .further, unit: String? = nil, zero: String? = nil
  ) -> Setting {
    var words = range.words
    if let zero { words = "0 (\(zero))" + words.dropFirst() }
    if let unit { words = "\(unit), \(words)" }
    return Setting(
      key, path, valueName, purpose, audience, range: range.words, expected: "a number, \(words)",
      parse: { Double(decimal: $0.string) }, isValid: { $0.isFinite && range.contains($0) },
      write: { String($0) })
  }

  static func flag(
    _ key: String, _ path: Path<Bool>, _ purpose: String, for audience: Audience = .further
  ) -> Setting {
    Setting(
      key, path, "", purpose, audience, expected: "true or false",
      parse: { Bool.construct(from: $0) }, write: { String($0) })
  }

  static func choice<Value: RawRepresentable & CaseIterable & Sendable>(
    _ key: String, _ path: Path<Value>, _ valueName: String, _ purpose: String,
    for audience: Audience = .further
  ) -> Setting where Value.RawValue == String {
    Setting(
      key, path, valueName, purpose, audience,
      expected: Value.allCases.map(\.rawValue).joined(separator: " or "),
      parse: { Value(rawValue: $0.string) }, write: { $0.rawValue })
  }

  /// Whether the system can take it for a name: what follows a NUL would not be read.
  @Sendable private static func isPath(_ text: String) -> Bool {
    !text.isEmpty && !text.utf8.contains(0)
  }

  static func path(
    _ key: String, _ path: Path<String>, _ valueName: String, _ purpose: String,
    for audience: Audience = .further
  ) -> Setting {
    Setting(
      key, path, valueName, purpose, audience, expected: "a path", parse: { $0.string },
      isValid: isPath, write: { YAMLText.quoted($0) })
  }

  static func optionalPath(
    _ key: String, _ path: Path<String?>, _ valueName: String, _ purpose: String,
    for audience: Audience = .further
  ) -> Setting {
    Setting(
      key, path, valueName, purpose, audience, type: String.self, expected: "a path",
      parse: { .some($0.string) }, isValid: { $0.map(isPath) != false },
      write: { $0.map(YAMLText.quoted) })
  }

  /// A value that is written as one word, or unset.
  static func words<Value: LosslessStringConvertible & Sendable>(
    _ key: String, _ path: Path<Value?>, _ valueName: String, _ purpose: String,
    for audience: Audience = .further, expected: String
  ) -> Setting {
    Setting(
      key, path, valueName, purpose, audience, type: Value.self, expected: expected,
      parse: { scalar -> Value?? in Value(scalar.string).map { Optional($0) } },
      write: { $0.map { YAMLText.quoted($0.description) } })
  }

  static func resumption(
    _ key: String, _ path: Path<ResumeMode>, _ valueName: String, _ purpose: String,
    for audience: Audience = .further
  ) -> Setting {
    Setting(
      key, path, valueName, purpose, audience,
      expected: "auto, none or the path of a checkpoint or a run",
      parse: { ResumeMode($0.string) }, isValid: { isPath($0.text) },
      write: { YAMLText.quoted($0.text) })
  }
}
