// The names of the series, in rows beside samples of how they are drawn.

import VARedTraining

/// Lays out a plot's legend; a single series without a name needs none.
struct PlotLegend {
  private struct Entry {
    let series: Int
    let x: Double
    let row: Int
  }

  private static let rowHeight = 20.0
  private static let sampleWidth = 26.0
  private let series: [PlotSeries]
  private var entries: [Entry] = []
  private var rows = 0

  /// - Parameters:
  ///   - left: where rows begin, in pixels.
  ///   - width: of a row at most.
  init(_ series: [PlotSeries], left: Double, width: Double) {
    self.series = series
    var x = left
    for (i, one) in series.enumerated() where !one.name.isEmpty {
      let needs = Self.sampleWidth + PlotStyle.width(one.name) + 24
      if rows == 0 || x + needs > left + width && x > left { (x, rows) = (left, rows + 1) }
      entries.append(Entry(series: i, x: x, row: rows - 1))
      x += needs
    }
  }

  /// Pixels from top to bottom.
  var height: Double { rows == 0 ? 0 : Double(rows) * Self.rowHeight + 4 }

  /// Draws it with its upper edge at `top`.
  func draw(top: Double, into svg: inout SVGElements) {
    for entry in entries {
      let one = series[entry.series]
      let y = top + (Double(entry.row) + 0.5) * Self.rowHeight
      svg.open(PlotStyle.colour(entry.series))
      if one.style.isBars {
        svg.rectangle(PlotPosition(entry.x + 7, y - 5), width: 12, height: 10, "bar")
      } else {
        if one.style.isJoined {
          svg.path(
            "M\(SVGElements.number(entry.x + 1)) \(SVGElements.number(y))h20",
            one.style == .dashedLine ? "join dash" : "join")
        }
        if one.style != .curve {
          svg.path(
            PlotStyle.marker(entry.series, PlotPosition(entry.x + 11, y), radius: 4), "mark")
        }
      }
      svg.close()
      svg.text(one.name, PlotPosition(entry.x + Self.sampleWidth, y + 4), .start, "legend")
    }
  }
}
