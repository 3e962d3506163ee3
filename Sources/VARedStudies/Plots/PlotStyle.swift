// How plots look: colours for light and dark viewers, markers, text.

import Foundation
import VARedTraining

/// The style sheet of every plot, and the measures that the layout shares with it.
enum PlotStyle {
  /// Colours of the series on white and on dark; neighbours differ for the colour-blind too.
  private static let colours = [
    ("#2166c2", "#6cb2ff"), ("#d4570a", "#ff9d5c"), ("#128566", "#4fd1a5"),
    ("#8b45b8", "#cfa2f5"), ("#a87900", "#e8c552"), ("#c22f6d", "#ff8fbd"),
    ("#4d5c6b", "#b3c0cc"), ("#6b8e23", "#b5d86a"),
  ]

  /// The class of the series at this place of the legend; after the last colour the first comes
  /// again.
  static func colour(_ series: Int) -> String { "s\(series % colours.count)" }

  /// What viewers without media queries show is the light form, on a background of its own.
  ///
  /// - Parameter scope: selector of what holds the plots, with a blank at its end; empty: the
  ///   sheet is that of one picture.
  static func sheet(scope: String = "") -> String {
    func series(_ colour: (Int, String)) -> String { "\(scope).s\(colour.0){color:\(colour.1)}" }
    let light = colours.map(\.0).enumerated().map { series(($0, $1)) }.joined()
    let dark = colours.map(\.1).enumerated().map { series(($0, $1)) }.joined()
    return """
      \(scope)text{font-family:-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif;
      font-size:12px;fill:#4a5361}
      \(scope).head{font-size:17px;font-weight:600;fill:#151a21}
      \(scope).panel{font-size:13.5px;font-weight:600;fill:#151a21}
      \(scope).label{font-size:11.5px;fill:#151a21}
      \(scope).paper{fill:#ffffff}
      \(scope).grid{stroke:#e4e7ec}
      \(scope).axis{stroke:#8d96a3}
      \(light)
      \(scope).join{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round;\
      stroke-linecap:round}
      \(scope).dash{stroke-dasharray:6 5}
      \(scope).mark{fill:currentColor;stroke:#ffffff;stroke-width:1.2}
      \(scope).bar{fill:currentColor}
      \(scope).error{fill:none;stroke:currentColor;stroke-width:1.4;opacity:0.75}
      @media screen and (prefers-color-scheme:dark){
      \(scope)text{fill:#aeb7c2}
      \(scope).head,\(scope).panel,\(scope).label{fill:#eef1f5}
      \(scope).paper{fill:#14181e}
      \(scope).grid{stroke:#2a313b}
      \(scope).axis{stroke:#66707d}
      \(scope).mark{stroke:#14181e}
      \(dark)
      }
      """
  }

  /// About as wide as `text` is when it is set: the font is the viewer's.
  static func width(_ text: String, size: Double = 12) -> Double {
    text.reduce(0) { sum, character in
      sum + size * ("il.,:;|'!()[]t ".contains(character) ? 0.34 : 0.6)
    }
  }

  /// The outline of a series' marker around `centre`: five shapes in turn.
  static func marker(_ series: Int, _ centre: PlotPosition, radius r: Double) -> String {
    func at(_ dx: Double, _ dy: Double) -> String {
      SVGElements.number(centre.x + dx * r) + " " + SVGElements.number(centre.y + dy * r)
    }
    switch series % 5 {
    case 0:
      let (radius, across) = (SVGElements.number(r), SVGElements.number(2 * r))
      return "M\(at(-1, 0))a\(radius) \(radius) 0 1 0 \(across) 0"
        + "a\(radius) \(radius) 0 1 0 -\(across) 0z"
    case 1: return "M\(at(-0.9, -0.9))L\(at(0.9, -0.9))L\(at(0.9, 0.9))L\(at(-0.9, 0.9))z"
    case 2: return "M\(at(0, -1.2))L\(at(1.1, 0.8))L\(at(-1.1, 0.8))z"
    case 3: return "M\(at(0, -1.3))L\(at(1.3, 0))L\(at(0, 1.3))L\(at(-1.3, 0))z"
    default: return "M\(at(0, 1.2))L\(at(1.1, -0.8))L\(at(-1.1, -0.8))z"
    }
  }
}
