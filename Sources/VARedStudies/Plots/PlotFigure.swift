// A picture of one or more plots, as an SVG file for light and dark viewers.

import Foundation
import VARedTraining

/// Plots one below the other, on one left edge. Plots in a row with the same x axis share its
/// names: they stand below the last of them.
///
/// ```swift
/// PlotFigure(
///   title: "Accuracy against computation",
///   plots: [
///     Plot(
///       x: PlotAxis("executed GMAC"), y: PlotAxis("top-1"),
///       series: [
///         PlotSeries("dynamic", .line, [PlotPoint(0.07, 0.93, yError: 0.01, label: "0.5")]),
///         PlotSeries("fixed", .markers, [PlotPoint(0.1, 0.95)]),
///       ])
///   ]
/// ).svg
/// ```
struct PlotFigure {
  /// In large letters above everything, also the picture's name for screen readers; empty: none.
  var title: String
  /// A line below the title; empty: none.
  var subtitle = ""
  var plots: [Plot]
  /// Pixels; wider where many categories need it.
  var width = 880.0

  /// The whole file: XML with its style inside, nothing outside it is referred to.
  var svg: String {
    let drawn = drawn()
    return drawn.elements.file(title: title, width: drawn.width, height: drawn.height)
  }

  /// The picture as an element of a page that has `PlotStyle.sheet(scope: ".plot ")`.
  ///
  /// - Parameter label: what it says, for those who do not see it.
  func element(label: String) -> String {
    let drawn = drawn()
    let (w, h) = (drawn.width, drawn.height)
    return """
      <svg class="plot" role="img" aria-label="\(SVGElements.escaped(label))" width="\(w)" \
      height="\(h)" viewBox="0 0 \(w) \(h)">
      \(drawn.elements.text)
      </svg>
      """
  }

  private func drawn() -> (elements: SVGElements, width: String, height: String) {
    let left = plots.map { PlotPanel.leftMargin($0, width: self.width) }.max() ?? 0
    let most = plots.map { $0.x.categories?.count ?? 0 }.max() ?? 0
    let width = max(self.width, left + 24 + 18 * Double(most))
    var drawing = SVGElements()
    var top = 4.0
    if !title.isEmpty {
      drawing.text(title, PlotPosition(20, 32), .start, "head")
      top = 50
    }
    if !subtitle.isEmpty {
      drawing.text(subtitle, PlotPosition(20, 52), .start, "subtitle")
      top += 22
    }
    for (i, plot) in plots.enumerated() {
      let namesX = i + 1 == plots.count || plots[i + 1].x != plot.x
      let panel = PlotPanel(plot, left: left, right: width - 24, top: top, namesX: namesX)
      panel.draw(into: &drawing)
      top = panel.bottom + 10
    }
    return (
      drawing, SVGElements.number(width.rounded(.up)), SVGElements.number(top.rounded(.up))
    )
  }
}
