// Files that list the classes of a set in the order of their numbers.

import Foundation

/// The classes of a data set in label order, and what annotations may call each.
struct LabelIndex: Sendable, Equatable {
  /// A class: what annotations call it beside its name, and its name.
  struct Entry: Sendable, Equatable {
    let id: String
    let name: String
  }

  /// In label order.
  let entries: [Entry]

  /// The names in label order.
  var names: [String] { entries.map(\.name) }

  /// Reads an index file: lines `1 ApplyEyeMakeup`, `c000 Holding some clothes`, `yoga,43`,
  /// `43,yoga`, or a name a line, which is numbered from 0; JSON `{"name": number}`,
  /// `{"number": "name"}` or `["name"]`. Numbers may begin anywhere.
  ///
  /// - Throws: `DatasetError` when it cannot be read or names nothing.
  init(path: String) throws {
    let file = try TextFile(path: path)
    entries = try path.fileExtension == "json" ? LabelIndex.json(file) : LabelIndex.lines(file)
    if entries.isEmpty || Set(names).count < names.count
      || Set(entries.map(\.id)).count < entries.count
    {
      throw DatasetError(
        path: path, expected: "a list of class names",
        found: entries.isEmpty ? "none" : "a name or a number more than once")
    }
  }

  /// The place of each label, as an id or as a name; nil when one of `labels` is neither.
  func places(of labels: Set<String>) -> [String: Int]? {
    let ids = Dictionary(
      entries.enumerated().map { ($0.element.id, $0.offset) },
      uniquingKeysWith: { first, _ in first })
    let byName = Dictionary(
      entries.enumerated().map { ($0.element.name, $0.offset) },
      uniquingKeysWith: { first, _ in first })
    let shift = startsAtOne(labels) ? 1 : 0
    for (known, offset) in [(byName, 0), (ids, shift)] {
      let places = labels.compactMap { label in
        let key = offset == 0 ? label : Int(label).map { String($0 - offset) } ?? label
        return (known[key] ?? known[ClassOrder.canonical(key)]).map { (label, $0) }
      }
      if places.count == labels.count { return Dictionary(uniqueKeysWithValues: places) }
    }
    return nil
  }

  /// Whether labels count from 1 while the names of this file, which have no numbers, do from 0.
  private func startsAtOne(_ labels: Set<String>) -> Bool {
    let numbers = labels.compactMap { Int($0) }
    return numbers.count == labels.count && !numbers.contains(0) && numbers.contains(entries.count)
      && entries.first?.id == "0"
  }

  private static func lines(_ file: TextFile) throws -> [Entry] {
    let lines = file.lines.map(\.text.trimmingBlanks)
    func split(_ separator: (Character) -> Bool, idFirst: Bool) -> [Entry]? {
      let entries = lines.compactMap { line -> Entry? in
        let cut = idFirst ? line.firstIndex(where: separator) : line.lastIndex(where: separator)
        guard let cut else { return nil }
        let (head, tail) = (
          line[..<cut].trimmingBlanks, line[line.index(after: cut)...].trimmingBlanks
        )
        let (id, name) = idFirst ? (head, tail) : (tail, head)
        guard !name.isEmpty, isId(id) else { return nil }
        return Entry(id: ClassOrder.canonical(id), name: unquoted(name))
      }
      // A header, such as `id,name`, names no class.
      return entries.count >= max(1, lines.count - 1)
        && (entries.count == lines.count || lines.count > 2)
        ? sorted(entries) : nil
    }
    return split({ $0 == "," || $0 == ";" || $0 == "\t" }, idFirst: false)
      ?? split({ $0 == "," || $0 == ";" || $0 == "\t" }, idFirst: true)
      ?? split(\.isWhitespace, idFirst: true).flatMap { isCounted($0) ? $0 : nil }
      ?? lines.enumerated().map { Entry(id: String($0.offset), name: unquoted($0.element)) }
  }

  /// Whether ids count on without a gap, so that they are no part of the names (`3 points`).
  private static func isCounted(_ entries: [Entry]) -> Bool {
    let numbers = entries.compactMap { Int($0.id.drop { $0.isLetter }) }
    guard let first = numbers.first, (0...1).contains(first) else { return false }
    return numbers == Array(first..<first + entries.count)
  }

  private static func json(_ file: TextFile) throws -> [Entry] {
    let object = try? JSONSerialization.jsonObject(with: Data(file.text.utf8))
    if let names = object as? [String] {
      return names.enumerated().map { Entry(id: String($0.offset), name: unquoted($0.element)) }
    }
    guard let pairs = object as? [String: Any] else { return [] }
    let byName = pairs.compactMap { name, id -> Entry? in
      let text = (id as? String) ?? (id as? NSNumber)?.stringValue
      return text.flatMap { Int($0) }.map { Entry(id: String($0), name: unquoted(name)) }
    }
    if byName.count == pairs.count { return sorted(byName) }
    let byNumber = pairs.compactMap { id, name in
      Int(id).flatMap { number in
        (name as? String).map { Entry(id: String(number), name: unquoted($0)) }
      }
    }
    return byNumber.count == pairs.count ? sorted(byNumber) : []
  }

  private static func sorted(_ entries: [Entry]) -> [Entry] {
    entries.sorted {
      guard let a = Int($0.id), let b = Int($1.id), a != b else {
        return ($0.id, $0.name) < ($1.id, $1.name)
      }
      return a < b
    }
  }

  /// A number, or a letter and a number: `7`, `c007`.
  private static func isId(_ text: String) -> Bool {
    let digits = text.first?.isLetter == true ? text.dropFirst() : text[...]
    return !digits.isEmpty && digits.allSatisfy { $0.isASCII && $0.isNumber }
  }

  /// Kinetics' `kinetics_classnames.json` has quotes inside its names.
  private static func unquoted(_ text: String) -> String {
    let name = text.onOneLine
    return name.count > 1 && name.hasPrefix("\"") && name.hasSuffix("\"")
      ? String(name.dropFirst().dropLast()) : name
  }
}
