// The series of a plot: bars, lines with markers, error bars, labels.

import Foundation
import VARedTraining

extension PlotPanel {
  private func position(_ point: PlotPoint) -> PlotPosition { PlotPosition(x(point.x), y(point.y)) }

  func drawSeries(_ i: Int, into svg: inout SVGElements) {
    let series = plot.series[i]
    svg.open(PlotStyle.colour(i))
    switch series.style {
    case .bars: drawBars(i, into: &svg)
    case .stack: drawStack(i, into: &svg)
    case .curve: drawJoin(series, into: &svg)
    case .line, .dashedLine, .markers:
      if series.style.isJoined { drawJoin(series, into: &svg) }
      for point in series.points where point.isFinite {
        drawErrors(point, at: position(point), into: &svg)
        svg.path(
          PlotStyle.marker(i, position(point), radius: markerRadius), "mark",
          hint: hint(point, series))
      }
    }
    svg.close()
  }

  /// Smaller where points are closer than markers are wide.
  private var markerRadius: Double {
    let marked = plot.series.filter { $0.style != .curve }
    let count = marked.map(\.points.count).max() ?? 1
    return max(2, min(4.5, (x.end - x.start) / Double(max(count, 1)) * 0.22))
  }

  private func hint(_ point: PlotPoint, _ series: PlotSeries) -> String {
    let names = plot.x.categories ?? []
    let place = Int(point.x.rounded())
    let name =
      names.indices.contains(place) ? names[place] : String(format: "%.5g", point.x)
    let error = point.yError > 0 ? String(format: " ± %.2g", point.yError) : ""
    return [series.name, point.label ?? "", name].filter { !$0.isEmpty }.joined(separator: ", ")
      + String(format: ": %.4g", point.y) + error
  }

  private func drawJoin(_ series: PlotSeries, into svg: inout SVGElements) {
    var (outline, isJoined) = ("", false)
    for point in series.points {
      if point.isFinite {
        let place = position(point)
        outline +=
          (isJoined ? "L" : "M") + SVGElements.number(place.x) + " " + SVGElements.number(place.y)
      }
      isJoined = point.isFinite
    }
    if !outline.isEmpty {
      svg.path(outline, series.style == .dashedLine ? "join dash" : "join")
    }
  }

  private func drawBars(_ i: Int, into svg: inout SVGElements) {
    let bars = plot.series.indices.filter { plot.series[$0].style == .bars }
    let slot = (x(1) - x(0)) * 0.78 / Double(bars.count)
    let offset = (Double(bars.firstIndex(of: i) ?? 0) - Double(bars.count) / 2) * slot
    let base = y(min(max(0, y.range.lowerBound), y.range.upperBound))
    for point in plot.series[i].points where point.isFinite {
      let end = y(min(max(point.y, y.range.lowerBound), y.range.upperBound))
      let left = x(point.x) + offset
      svg.rectangle(
        PlotPosition(left, min(base, end)), width: slot * 0.92, height: abs(end - base), "bar",
        hint: hint(point, plot.series[i]))
      drawErrors(point, at: PlotPosition(left + slot * 0.46, end), into: &svg)
    }
  }

  private func drawStack(_ i: Int, into svg: inout SVGElements) {
    let width = (x(1) - x(0)) * 0.8
    for (place, point) in plot.series[i].points.enumerated() {
      let height = Self.height(of: plot.series[i], at: place)
      guard height > 0 else { continue }
      let below = plot.series[..<i].filter { $0.style == .stack }
        .reduce(0) { $0 + Self.height(of: $1, at: place) }
      let (bottom, top) = (
        y(min(below, y.range.upperBound)), y(min(below + height, y.range.upperBound))
      )
      svg.rectangle(
        PlotPosition(x(point.x) - width / 2, top), width: width, height: bottom - top, "bar",
        hint: hint(point, plot.series[i]))
    }
  }

  private func drawErrors(_ point: PlotPoint, at place: PlotPosition, into svg: inout SVGElements) {
    let number = SVGElements.number
    if point.yError > 0 && point.yError.isFinite {
      let (low, high) = (y(point.y - point.yError), y(point.y + point.yError))
      let (left, x) = (number(place.x - 4), number(place.x))
      svg.path(
        "M\(left) \(number(high))h8M\(x) \(number(high))V\(number(low))M\(left) \(number(low))h8",
        "error")
    }
    if point.xError > 0 && point.xError.isFinite {
      let (low, high) = (x(point.x - point.xError), x(point.x + point.xError))
      let (top, y) = (number(place.y - 4), number(place.y))
      svg.path(
        "M\(number(low)) \(top)v8M\(number(low)) \(y)H\(number(high))M\(number(high)) \(top)v8",
        "error")
    }
  }

  func drawLabels(into svg: inout SVGElements) {
    let points = plot.series.flatMap(\.points).filter(\.isFinite)
    guard points.contains(where: { $0.label != nil }) else { return }
    var labels = PlotLabels(
      in: PlotLabels.Box(left: x.start, top: y.end, right: x.end, bottom: y.start),
      taken: points.flatMap(boxes) + plot.series.flatMap(boxesOfJoin))
    for point in points {
      guard let label = point.label else { continue }
      svg.text(label, labels.place(label, at: position(point)), .middle, "label")
    }
  }

  /// What a point's marker and its error bars cover.
  private func boxes(_ point: PlotPoint) -> [PlotLabels.Box] {
    let place = position(point)
    let (right, up) = (x(point.x + point.xError), y(point.y + point.yError))
    return [
      PlotLabels.Box(around: place, halfWidth: 5, halfHeight: 5),
      PlotLabels.Box(around: place, halfWidth: 4, halfHeight: place.y - up),
      PlotLabels.Box(around: place, halfWidth: right - place.x, halfHeight: 4),
    ]
  }

  /// What the line of a series covers, in pieces of a few pixels.
  private func boxesOfJoin(_ series: PlotSeries) -> [PlotLabels.Box] {
    guard series.style.isJoined else { return [] }
    return zip(series.points, series.points.dropFirst()).flatMap { from, to -> [PlotLabels.Box] in
      guard from.isFinite && to.isFinite else { return [] }
      let (a, b) = (position(from), position(to))
      let pieces = max(1, Int(max(abs(b.x - a.x), abs(b.y - a.y)) / 6))
      return (0...pieces).map {
        let share = Double($0) / Double(pieces)
        let place = PlotPosition(a.x + share * (b.x - a.x), a.y + share * (b.y - a.y))
        return PlotLabels.Box(around: place, halfWidth: 3, halfHeight: 3)
      }
    }
  }
}
