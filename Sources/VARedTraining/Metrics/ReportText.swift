// What reports are written with: columns of text, and JSON of values.

import Foundation

extension String {
  /// With spaces behind it up to `width`; whole where it is longer.
  package func leftAligned(_ width: Int) -> String { self + Self.spaces(width - count) }

  /// With spaces in front of it up to `width`; whole where it is longer.
  package func rightAligned(_ width: Int) -> String { Self.spaces(width - count) + self }

  private static func spaces(_ count: Int) -> String {
    String(repeating: " ", count: Swift.max(0, count))
  }
}

extension Encodable {
  /// One JSON object, keys in snake case and in order.
  package func reportJSON() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
