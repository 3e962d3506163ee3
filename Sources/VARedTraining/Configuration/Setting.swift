// One setting: its name, how its text is read, checked and written. The list of all of them is in
// Settings.swift, and is what YAML files, config.yaml and the checks of flags go by.

import Yams

/// A named, typed, checked field of `TrainingConfiguration`.
struct Setting: Sendable {
  typealias Path<Value> = WritableKeyPath<TrainingConfiguration, Value> & Sendable

  /// The name in YAML files; with two dashes in front, the flag.
  let key: String
  /// What a right value is: "a whole number, 1 or more".
  let expected: String
  /// Stores a YAML scalar; false if it is of another type.
  let read: @Sendable (Node.Scalar, inout TrainingConfiguration) -> Bool
  /// Whether the present value is within its range.
  let isValid: @Sendable (TrainingConfiguration) -> Bool
  /// The present value as YAML text; nil: unset.
  let text: @Sendable (TrainingConfiguration) -> String?

  static func whole(_ key: String, _ path: Path<Int>, _ range: ClosedRange<Int>) -> Setting {
    Setting(
      key: key, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
      read: { scalar, into in store(Int.construct(from: scalar), in: &into, path) },
      isValid: { range.contains($0[keyPath: path]) },
      text: { String($0[keyPath: path]) })
  }

  static func number(
    _ key: String, _ path: Path<Double>, _ range: String,
    _ isValid: @escaping @Sendable (Double) -> Bool
  ) -> Setting {
    Setting(
      key: key, expected: "a number, \(range)",
      read: { scalar, into in store(Double.construct(from: scalar), in: &into, path) },
      isValid: { $0[keyPath: path].isFinite && isValid($0[keyPath: path]) },
      text: { String($0[keyPath: path]) })
  }

  static func flag(_ key: String, _ path: Path<Bool>) -> Setting {
    Setting(
      key: key, expected: "true or false",
      read: { scalar, into in store(Bool.construct(from: scalar), in: &into, path) },
      isValid: { _ in true },
      text: { String($0[keyPath: path]) })
  }

  static func choice<Value: RawRepresentable & CaseIterable & Sendable>(
    _ key: String, _ path: Path<Value>
  ) -> Setting where Value.RawValue == String {
    Setting(
      key: key, expected: Value.allCases.map(\.rawValue).joined(separator: " or "),
      read: { scalar, into in store(Value(rawValue: scalar.string), in: &into, path) },
      isValid: { _ in true },
      text: { $0[keyPath: path].rawValue })
  }

  static func path(_ key: String, _ path: Path<String>) -> Setting {
    Setting(
      key: key, expected: "a path",
      read: { scalar, into in store(scalar.string, in: &into, path) },
      isValid: { !$0[keyPath: path].isEmpty },
      text: { YAMLText.quoted($0[keyPath: path]) })
  }

  static func optionalPath(_ key: String, _ path: Path<String?>) -> Setting {
    Setting(
      key: key, expected: "a path",
      read: { scalar, into in store(.some(scalar.string), in: &into, path) },
      isValid: { $0[keyPath: path]?.isEmpty != true },
      text: { $0[keyPath: path].map(YAMLText.quoted) })
  }

  private static func store<Value>(
    _ value: Value?, in configuration: inout TrainingConfiguration,
    _ path: WritableKeyPath<TrainingConfiguration, Value>
  ) -> Bool {
    guard let value else { return false }
    configuration[keyPath: path] = value
    return true
  }
}
