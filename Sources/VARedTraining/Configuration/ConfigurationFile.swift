// Reading a YAML file of settings: every complaint names the key and its line.

import Foundation
import Yams

extension TrainingConfiguration {
  /// Reads a YAML file over the present values.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - note: is told of every setting under a former name.
  /// - Throws: `ConfigurationError` naming file, line and key: unreadable file, malformed YAML,
  ///   unknown key (with the nearest known one), value of another type or out of range.
  public mutating func read(
    yamlFile path: String, note: (String) -> Void = { _ in }
  ) throws {
    if let kind = SpecialFile.kind(path), kind != S_IFREG {
      let what = kind == S_IFDIR ? "a folder" : "no regular file"
      throw ConfigurationError(place: path, "is \(what); expected a YAML file")
    }
    let found: Data?
    do {
      found = try RegularFile.contents(path, mostBytes: YAMLText.mostBytes)
    } catch let error as FileError {
      throw ConfigurationError(place: path, error.message)
    }
    guard let bytes = found else { throw ConfigurationError(place: path, "no such file") }
    guard let text = String(data: bytes, encoding: .utf8) else {
      throw ConfigurationError(place: path, "expected UTF-8 text")
    }
    try read(yaml: text, named: path, note: note)
  }

  /// Reads YAML text over the present values.
  ///
  /// - Parameters:
  ///   - yaml: the text.
  ///   - name: stands for it in errors.
  ///   - note: is told of every setting under a former name.
  /// - Throws: `ConfigurationError`, as for a file.
  public mutating func read(
    yaml: String, named name: String, note: (String) -> Void = { _ in }
  ) throws {
    guard let root = try compose(yaml, named: name) else { return }
    guard let mapping = root.mapping else {
      throw ConfigurationError(
        place: place(name, root), "expected lines 'setting: value', found something else")
    }
    var seen: Set<String> = []
    for (keyNode, value) in mapping {
      guard let key = keyNode.scalar?.string else {
        throw ConfigurationError(place: place(name, keyNode), "expected the name of a setting")
      }
      let place = place(name, keyNode)
      guard let setting = Setting.named(key) ?? Setting.formerlyNamed(key) else {
        let hint = nearestName(to: key, in: Setting.all.map(\.key))
        throw ConfigurationError(
          place: place, key: key, "unknown setting" + (hint.map { "; did you mean \($0)?" } ?? ""))
      }
      if setting.key != key { note("note: \(place): \(key) is now \(setting.key)") }
      guard seen.insert(setting.key).inserted else {
        throw ConfigurationError(place: place, key: key, "is set twice")
      }
      try read(value, as: setting, called: key, place: place)
    }
  }

  private mutating func read(
    _ node: Node, as setting: Setting, called key: String, place: String
  ) throws {
    let expected = "expected \(setting.expected), found "
    guard let scalar = node.scalar else {
      throw ConfigurationError(
        place: place, key: key, expected + (node.mapping != nil ? "a mapping" : "a list"))
    }
    guard scalar.string.count > 0, setting.read(scalar, &self), setting.isValid(self) else {
      let found = scalar.string.isEmpty ? "nothing" : "'\(scalar.string)'"
      throw ConfigurationError(place: place, key: key, expected + found)
    }
  }

  private func place(_ name: String, _ node: Node) -> String {
    node.mark.map { "\(name):\($0.line)" } ?? name
  }

  private func compose(_ yaml: String, named name: String) throws -> Node? {
    guard yaml.utf8.count <= YAMLText.mostBytes else {
      throw ConfigurationError(
        place: name,
        "has \(yaml.utf8.count) bytes; expected a file of settings, \(YAMLText.mostBytes) at most")
    }
    if let (line, problem) = YAMLText.excess(in: yaml) {
      throw ConfigurationError(place: "\(name):\(line)", problem)
    }
    do {
      return try Yams.compose(yaml: yaml)
    } catch let error as YamlError {
      throw Self.plain(error, named: name)
    }
  }

  private static func plain(_ error: YamlError, named name: String) -> ConfigurationError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return ConfigurationError(place: "\(name):\(mark.line)", "not valid YAML: \(problem)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      return ConfigurationError(
        place: "\(name):\(context.mark.line)", key: duplicates.first, "is set twice")
    default:
      let words = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
      return ConfigurationError(place: name, "not valid YAML: \(words)")
    }
  }
}
