// Several classes in one field of a table.

/// The classes of a clip that may have several, as one text: `|` between them; a `|` or `\` of a
/// class's own name has a `\` before it.
package enum LabelField {
  // Scalars, not characters: a class that begins with a combining mark makes one of the bar.

  /// The classes as a field.
  package static func text(_ classes: [String]) -> String {
    var text = String.UnicodeScalarView()
    for (number, name) in classes.enumerated() {
      if number > 0 { text.append("|") }
      for scalar in name.unicodeScalars {
        if scalar == "|" || scalar == "\\" { text.append("\\") }
        text.append(scalar)
      }
    }
    return String(text)
  }

  /// The classes of a field that `text` wrote; none of an empty one.
  package static func classes(_ text: String) -> [String] {
    guard !text.isEmpty else { return [] }
    var (classes, isOwn) = ([String.UnicodeScalarView()], false)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\" where !isOwn: isOwn = true
      case "|" where !isOwn: classes.append(.init())
      default:
        classes[classes.count - 1].append(scalar)
        isOwn = false
      }
    }
    return classes.map { String($0) }
  }
}
