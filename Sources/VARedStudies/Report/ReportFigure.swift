// A picture of a report's page: an SVG element, what it shows, and its words.

import Foundation
import VARedTraining

/// One figure.
struct ReportFigure {
  let title: String
  /// The element, escaped.
  let svg: String
  /// Whether it needs the page's whole width.
  let isWide: Bool

  /// Draws one plot; nil where there is nothing to draw.
  ///
  /// - Parameters:
  ///   - title: above the picture.
  ///   - plot: what is drawn; series without a point are left out.
  ///   - words: what the picture says, for those who do not see it; nil: where each series begins
  ///     and ends.
  ///   - width: in pixels.
  init?(_ title: String, _ plot: Plot, words: String? = nil, width: Double = 440) {
    var plot = plot
    plot.series = plot.series.filter { $0.points.contains(where: \.isFinite) }
    guard !plot.series.isEmpty else { return nil }
    if plot.series.count == 1, plot.series[0].style != .stack { plot.series[0].name = "" }
    let figure = PlotFigure(title: "", plots: [plot], width: width)
    self.title = title
    svg = figure.element(label: "\(title). \(words ?? Self.words(plot.series))")
    isWide = width > 500
  }

  private static func words(_ series: [PlotSeries]) -> String {
    series.compactMap { one -> String? in
      let values = one.points.filter(\.isFinite).map(\.y)
      guard let first = values.first, let last = values.last else { return nil }
      let name = one.name.isEmpty ? "" : one.name + ": "
      return name
        + (values.count == 1
          ? String(format: "%.4g", first) : String(format: "from %.4g to %.4g", first, last))
    }.joined(separator: "; ")
  }
}
