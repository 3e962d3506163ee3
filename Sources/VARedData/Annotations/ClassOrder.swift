// The order of classes that no file gives: numbers as numbers, names as text.

/// Puts labels in order.
enum ClassOrder {
  /// The class names among `labels`, in order: by value when all are numbers, else by text.
  /// Labels that are the same number (`7`, `07`, `7.0`) are one class.
  static func names(of labels: Set<String>) -> [String] {
    let values = labels.compactMap { Double($0) }
    guard values.count == labels.count, values.allSatisfy(\.isFinite) else {
      return labels.sorted()
    }
    var names: [Double: String] = [:]
    for label in labels {
      let (value, name) = (Double(label) ?? 0, canonical(label))
      if let known = names[value], (known.count, known) <= (name.count, name) { continue }
      names[value] = name
    }
    return names.sorted { $0.key < $1.key }.map(\.value)
  }

  /// The place of each label in `names`.
  static func places(of labels: Set<String>, in names: [String]) -> [String: Int] {
    let exact = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
    let isNumeric = names.allSatisfy { Double($0) != nil }
    let byValue =
      isNumeric
      ? Dictionary(
        zip(names.map { Double($0) ?? 0 }, names.indices), uniquingKeysWith: { first, _ in first })
      : [:]
    return Dictionary(
      uniqueKeysWithValues: labels.compactMap { label in
        (exact[label] ?? (isNumeric ? Double(label).flatMap { byValue[$0] } : nil))
          .map { (label, $0) }
      })
  }

  /// `07` and `7` are one whole number.
  static func canonical(_ label: String) -> String { Int(label).map(String.init) ?? label }
}
