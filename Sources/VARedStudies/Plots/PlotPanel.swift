// One plot laid out and drawn: axes with grid and ticks, then the series.

import Foundation
import VARedTraining

/// A plot in its place in a figure.
struct PlotPanel {
  private static let tickCount = 6
  let plot: Plot
  let x: PlotScale
  let y: PlotScale
  private let yStep: Double
  private let top: Double
  private let legend: PlotLegend
  private let namesX: Bool

  /// - Parameters:
  ///   - left: the y axis, in pixels.
  ///   - right: the right end of the x axis.
  ///   - top: the upper edge of the panel, its title included.
  ///   - namesX: whether the x axis is labelled here, not by a panel further down.
  init(_ plot: Plot, left: Double, right: Double, top: Double, namesX: Bool) {
    self.plot = plot
    self.top = top
    self.namesX = namesX
    legend = PlotLegend(plot.series, left: left, width: right - left)
    let upper = top + (plot.title.isEmpty ? 0 : 24) + legend.height + 10
    x = PlotScale(range: Self.xRange(plot), start: left, end: right)
    let range = Self.yRange(plot)
    y = PlotScale(range: range, start: upper + plot.height, end: upper)
    yStep = Self.step(range)
  }

  private static func step(_ range: ClosedRange<Double>) -> Double {
    PlotScale.step(over: range.upperBound - range.lowerBound, count: tickCount)
  }

  private static func xRange(_ plot: Plot) -> ClosedRange<Double> {
    if let names = plot.x.categories { return -0.5...max(Double(names.count), 1) - 0.5 }
    if let range = plot.x.range { return range }
    let points = plot.series.flatMap(\.points).filter(\.isFinite)
    return PlotScale.range(
      of: points.flatMap { [$0.x - $0.xError, $0.x + $0.xError] }, count: tickCount)
  }

  private static func yRange(_ plot: Plot) -> ClosedRange<Double> {
    if let range = plot.y.range { return range }
    let points = plot.series.flatMap(\.points).filter(\.isFinite)
    let zero = plot.series.contains { $0.style.isBars } ? [0.0] : []
    return PlotScale.range(
      of: points.flatMap { [$0.y - $0.yError, $0.y + $0.yError] } + zero + stackTops(plot),
      count: tickCount)
  }

  /// How high the stacks are.
  private static func stackTops(_ plot: Plot) -> [Double] {
    let stacks = plot.series.filter { $0.style == .stack }
    return (0..<(stacks.map(\.points.count).max() ?? 0)).map { place in
      stacks.reduce(0) { $0 + height(of: $1, at: place) }
    }
  }

  /// What the series of a stack adds to it at a place; 0 where it has no finite value above zero.
  static func height(of series: PlotSeries, at place: Int) -> Double {
    guard series.points.indices.contains(place), series.points[place].isFinite else { return 0 }
    return max(0, series.points[place].y)
  }

  /// Pixels left of the y axis that everything has room in: the labels of both axes.
  /// - Parameter width: of the figure.
  static func leftMargin(_ plot: Plot, width: Double) -> Double {
    let names = plot.x.categories ?? []
    let widest = names.map { PlotStyle.width($0) }.max() ?? 0
    let slot = width / Double(max(names.count, 1))
    // The first name, turned, ends below its place, half a slot to the right of the axis.
    let turned = widest + 8 > slot * 0.9 ? widest * 0.75 - slot / 2 + 8 : 0
    return max(yMargin(plot), turned)
  }

  /// Pixels that the tick labels and the title of the y axis need.
  private static func yMargin(_ plot: Plot) -> Double {
    let range = yRange(plot)
    let scale = PlotScale(range: range, start: 0, end: 1)
    let step = step(range)
    let widest = scale.ticks(step: step).map { PlotStyle.width(PlotScale.label($0, step: step)) }
    return (widest.max() ?? 0) + (plot.y.title.isEmpty ? 22 : 42)
  }

  /// The lower edge of the panel, labels included.
  var bottom: Double {
    guard namesX else { return y.start + 22 }
    return y.start + nameHeight + (plot.x.title.isEmpty ? 12 : 34)
  }

  private var widestName: Double {
    (plot.x.categories ?? []).map { PlotStyle.width($0) }.max() ?? 0
  }

  /// Whether the categories' names have to be turned to stand side by side.
  private var turnsNames: Bool { widestName + 8 > x(1) - x(0) }

  private var nameHeight: Double {
    plot.x.categories != nil && turnsNames ? 12 + widestName * 0.71 : 18
  }

  func draw(into svg: inout SVGElements) {
    if !plot.title.isEmpty {
      svg.text(plot.title, PlotPosition(x.start, top + 14), .start, "panel")
    }
    legend.draw(top: top + (plot.title.isEmpty ? 0 : 24), into: &svg)
    drawY(into: &svg)
    drawX(into: &svg)
    let order = plot.series.indices.reversed()
    for i in order where plot.series[i].style.isBars { drawSeries(i, into: &svg) }
    for i in order where !plot.series[i].style.isBars { drawSeries(i, into: &svg) }
    drawLabels(into: &svg)
  }

  private func drawY(into svg: inout SVGElements) {
    for tick in y.ticks(step: yStep) {
      let at = y(tick)
      svg.line(PlotPosition(x.start, at), PlotPosition(x.end, at), "grid")
      svg.text(
        PlotScale.label(tick, step: yStep), PlotPosition(x.start - 8, at + 4), .end, "tick")
    }
    let middle = PlotPosition(x.start - Self.yMargin(plot) + 16, (y.start + y.end) / 2)
    if !plot.y.title.isEmpty { svg.text(plot.y.title, middle, .middle, "name", turn: -90) }
  }

  private func drawX(into svg: inout SVGElements) {
    let base = y(min(max(0, y.range.lowerBound), y.range.upperBound))
    svg.line(PlotPosition(x.start, base), PlotPosition(x.end, base), "axis")
    let below = y.start
    if let names = plot.x.categories {
      for (i, name) in names.enumerated() where namesX {
        let place = PlotPosition(
          x(Double(i)) + (turnsNames ? 4 : 0), below + (turnsNames ? 14 : 18))
        svg.text(
          name, place, turnsNames ? .end : .middle, "tick", turn: turnsNames ? -45 : 0)
      }
    } else {
      let step = Self.step(x.range)
      for tick in x.ticks(step: step) {
        svg.line(PlotPosition(x(tick), below), PlotPosition(x(tick), y.end), "grid")
        guard namesX else { continue }
        svg.text(
          PlotScale.label(tick, step: step), PlotPosition(x(tick), below + 18), .middle, "tick")
      }
    }
    guard namesX, !plot.x.title.isEmpty else { return }
    svg.text(
      plot.x.title, PlotPosition((x.start + x.end) / 2, below + nameHeight + 20), .middle, "name")
  }
}
