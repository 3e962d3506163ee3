// What a log's lines say, without the time in front of them.

import Foundation

extension String {
  /// The same text without date and time (ISO 8601) at the beginning of its lines.
  public var withoutTimes: String {
    split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.hasTime ? $0.dropFirst(Substring.timeLength) : $0 }.joined(separator: "\n")
  }

  /// Lines that do not begin with date and time.
  public var linesWithoutTime: [String] {
    split(separator: "\n").filter { !$0.hasTime }.map(String.init)
  }
}

extension Substring {
  /// Characters of `2026-11-28T09:05:07+01:00 `.
  fileprivate static var timeLength: Int { 26 }

  fileprivate var hasTime: Bool {
    let form = "dddd-dd-ddTdd:dd:dd+dd:dd "
    guard count >= form.count else { return false }
    return zip(self, form).allSatisfy { found, expected in
      switch expected {
      case "d": found.isASCII && found.isNumber
      case "+": "+-".contains(found)
      default: found == expected
      }
    }
  }
}
