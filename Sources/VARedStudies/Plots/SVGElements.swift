// SVG elements as text: escaped, with numbers that no locale changes.

import Foundation
import VARedTraining

/// Collects SVG elements, one a line.
struct SVGElements {
  private var lines: [String] = []

  /// The elements so far.
  var text: String { lines.joined(separator: "\n") }

  /// Opens a group that lasts until `close`.
  mutating func open(_ style: String) { lines.append("<g class=\"\(style)\">") }

  mutating func close() { lines.append("</g>") }

  /// A straight line.
  mutating func line(_ from: PlotPosition, _ to: PlotPosition, _ style: String) {
    lines.append(
      "<line class=\"\(style)\" x1=\"\(Self.number(from.x))\" y1=\"\(Self.number(from.y))\" "
        + "x2=\"\(Self.number(to.x))\" y2=\"\(Self.number(to.y))\"/>")
  }

  /// An outline in SVG's path language.
  /// - Parameter hint: shown while the mouse rests on it.
  mutating func path(_ outline: String, _ style: String, hint: String? = nil) {
    let start = "<path class=\"\(style)\" d=\"\(outline)\""
    lines.append(hint.map { "\(start)><title>\(Self.escaped($0))</title></path>" } ?? start + "/>")
  }

  /// A rectangle.
  mutating func rectangle(
    _ corner: PlotPosition, width: Double, height: Double, _ style: String, hint: String? = nil
  ) {
    let start =
      "<rect class=\"\(style)\" x=\"\(Self.number(corner.x))\" y=\"\(Self.number(corner.y))\" "
      + "width=\"\(Self.number(width))\" height=\"\(Self.number(height))\""
    lines.append(hint.map { "\(start)><title>\(Self.escaped($0))</title></rect>" } ?? start + "/>")
  }

  /// A square picture.
  /// - Parameters:
  ///   - corner: the upper left one.
  ///   - side: in pixels.
  ///   - uri: its bytes as a data URI.
  ///   - words: what it shows, for those who do not see it.
  mutating func image(_ corner: PlotPosition, side: Double, _ uri: String, words: String) {
    lines.append(
      "<image x=\"\(Self.number(corner.x))\" y=\"\(Self.number(corner.y))\" "
        + "width=\"\(Self.number(side))\" height=\"\(Self.number(side))\" role=\"img\" "
        + "aria-label=\"\(Self.escaped(words))\" href=\"\(uri)\"/>")
  }

  /// The elements as a file: XML with its style inside, nothing outside it is referred to.
  /// - Parameters:
  ///   - title: the picture's name for screen readers.
  ///   - width: in pixels.
  ///   - height: in pixels.
  ///   - rules: of the style sheet, beside those of plots.
  func file(title: String, width: String, height: String, rules: [String] = []) -> String {
    """
    <?xml version="1.0" encoding="UTF-8"?>
    <svg xmlns="http://www.w3.org/2000/svg" role="img" width="\(width)" height="\(height)" \
    viewBox="0 0 \(width) \(height)">
    <title>\(Self.escaped(title))</title>
    <style>
    \(([PlotStyle.sheet()] + rules).joined(separator: "\n"))
    </style>
    <rect class="paper" width="100%" height="100%"/>
    \(text)
    </svg>

    """
  }

  /// Where a text is, seen from its position.
  enum Anchor: String {
    case start, middle, end
  }

  /// One line of text on the baseline at `place`.
  /// - Parameter turn: degrees clockwise around `place`.
  mutating func text(
    _ content: String, _ place: PlotPosition, _ anchor: Anchor, _ style: String, turn: Double = 0
  ) {
    let (x, y) = (Self.number(place.x), Self.number(place.y))
    let turned = turn == 0 ? "" : " transform=\"rotate(\(Self.number(turn)) \(x) \(y))\""
    lines.append(
      "<text class=\"\(style)\" x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor.rawValue)\"\(turned)>"
        + "\(Self.escaped(content))</text>")
  }

  /// Coordinates to a hundredth of a pixel; what is far outside any picture stays just that.
  static func number(_ value: Double) -> String {
    let rounded = (min(max(value, -1e6), 1e6) * 100).rounded() / 100
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }

  /// Text as XML takes it; what no XML may hold becomes a space.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case _ where scalar.value < 0x20 || (0xFFFE...0xFFFF).contains(scalar.value): result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// A point of the picture, in pixels from its upper left corner.
struct PlotPosition: Equatable {
  var x: Double
  var y: Double

  init(_ x: Double, _ y: Double) {
    self.x = x
    self.y = y
  }
}
