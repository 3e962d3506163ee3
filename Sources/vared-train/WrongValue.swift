// What a setting takes, where the value of its flag was none of it.

import VARedTraining

/// Says more than ArgumentParser, which knows types and no ranges.
enum WrongValue {
  /// What to say of a flag whose value was not understood; nil: nothing more than `text`.
  ///
  /// - Parameters:
  ///   - text: ArgumentParser's.
  ///   - arguments: of the command line, without the program's name.
  static func message(_ text: String, _ arguments: [String]) -> String? {
    // Its flags are no settings, though some have the same names.
    guard arguments.first != Synthesize._commandName else { return nil }
    let (invalid, missing) = ("is invalid for '--", "Missing value for '--")
    if let flag = name(in: text, after: invalid), text.hasPrefix("The value '") {
      let value = text.dropFirst("The value '".count).components(before: "' " + invalid)
      return expectation(flag).map { "--\(flag): expected \($0), found '\(value)'" }
    }
    guard let flag = name(in: text, after: missing), let expected = expectation(flag) else {
      return nil
    }
    // What begins with - looks like a flag: a number below 0, or a name.
    guard let place = arguments.firstIndex(of: "--\(flag)"), place + 1 < arguments.count,
      arguments[place + 1].hasPrefix("-"), !arguments[place + 1].hasPrefix("--")
    else { return "--\(flag): expected \(expected), found none" }
    let found = arguments[place + 1]
    let isName = expected == "a path"
    return "--\(flag): expected \(expected), found \(found)"
      + (isName ? "; a name that begins with - is given as --\(flag)=\(found)" : "")
  }

  private static func expectation(_ flag: String) -> String? { Setting.named(flag)?.expected }

  /// The name that comes behind some words: `seed` of `--seed <number>'`.
  private static func name(in text: String, after words: String) -> String? {
    guard let range = text.firstRange(of: words) else { return nil }
    return String(text[range.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "-" })
  }
}

extension Substring {
  /// What comes before the first place of some text; all where it is not there.
  fileprivate func components(before text: String) -> Substring {
    firstRange(of: text).map { self[..<$0.lowerBound] } ?? self
  }
}
