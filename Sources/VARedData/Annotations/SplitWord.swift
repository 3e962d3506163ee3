// The words that files, folders and columns have for the parts of a data set.

/// A part of a data set as annotations name it.
enum SplitWord: Sendable, Hashable {
  case train
  case val
  case test

  /// The part that `text` names, whatever its capitals; nil when it names none.
  init?(_ text: String) {
    switch text.trimmingBlanks.lowercased() {
    case "train", "training": self = .train
    case "val", "valid", "validate", "validation", "dev", "eval": self = .val
    case "test", "testing": self = .test
    default: return nil
    }
  }

  /// The words a file of this part may have in its name, the usual one first.
  var words: [String] {
    switch self {
    case .train: ["train", "training"]
    case .val: ["val", "validate", "validation", "valid", "dev"]
    case .test: ["test", "testing"]
    }
  }
}

extension StringProtocol {
  /// With a blank in place of each line break.
  var onOneLine: String {
    contains(where: \.isNewline)
      ? split(whereSeparator: \.isNewline).joined(separator: " ") : String(self)
  }

  /// Without the white space at both ends.
  var trimmingBlanks: String {
    var rest = self[...]
    while rest.first?.isWhitespace == true { rest = rest.dropFirst() }
    while rest.last?.isWhitespace == true { rest = rest.dropLast() }
    return String(rest)
  }
}
