// Texts from the corners of Unicode, YAML, JSON and CSV.

enum OddTexts {
  static let all: [String] =
    plain
    + (Array(0x01...0x20) + Array(0x7F...0xA0) + characters).map { value in
      "a" + String(Unicode.Scalar(value) ?? " ") + "b"
    }

  private static let plain = [
    "a", "true", "null", "~", "010", "1_000", "0x1F", "1e3", ".inf", "12:30", "- a", "? a", "a: b",
    "a #b", "#", "&a", "*a", "!!int 3", "|", ">", "%TAG", "@a", "`a", "{a}", "[a]", "a, &b",
    "\"", "'", "\\", "a\\nb", "\"a\" 'b'", " a", "a ", "\ta", "a\r\nb", "a\u{0301}",
    "é",
    "日本語", "👩‍👩‍👧", "<script>alert(1)</script>", "a,b;c", "../a", "a\u{200D}b", "---", "...",
  ]

  /// Line and paragraph separators, byte order mark, private use, noncharacters, the last ones.
  private static let characters: [UInt32] = [
    0x85, 0xAD, 0x2028, 0x2029, 0xD7FF, 0xE000, 0xFDD0, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x1_0000,
    0x1_FFFE, 0xE_0001, 0x10_FFFF,
  ]
}
