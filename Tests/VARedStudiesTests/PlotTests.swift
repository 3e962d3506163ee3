// Plots: ticks and places, and files that are well-formed XML whatever the names are.

import Foundation
#if canImport(FoundationXML)
  import FoundationXML
#endif
import Testing

@testable import VARedStudies

@Suite struct PlotTests {
  /// Counts elements and collects what is written in `text`.
  private final class Reader: NSObject, XMLParserDelegate {
    var counts: [String: Int] = [:]
    var attributes: [(element: String, [String: String])] = []
    var texts: [String] = []
    private var isInText = false

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
      qualifiedName: String?, attributes: [String: String]
    ) {
      counts[name, default: 0] += 1
      self.attributes.append((name, attributes))
      isInText = name == "text"
      if isInText { texts.append("") }
    }

    func parser(
      _ parser: XMLParser, didEndElement name: String, namespaceURI: String?,
      qualifiedName: String?
    ) { isInText = false }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
      if isInText { texts[texts.count - 1] += string }
    }

    func all(_ element: String, _ style: String) -> [[String: String]] {
      attributes.filter { $0.element == element && $0.1["class"] == style }.map(\.1)
    }
  }

  private func read(_ figure: PlotFigure) throws -> Reader {
    let parser = XMLParser(data: Data(figure.svg.utf8))
    let reader = Reader()
    parser.delegate = reader
    try #require(parser.parse(), "\(String(describing: parser.parserError))")
    return reader
  }

  private func number(_ attributes: [String: String], _ key: String) throws -> Double {
    try #require(attributes[key].flatMap(Double.init))
  }

  @Test func ticksAreRoundAndCoverTheValues() {
    let outer = PlotScale.range(of: [0.613, 0.987], count: 6)
    #expect(abs(outer.lowerBound - 0.6) < 1e-12 && abs(outer.upperBound - 1) < 1e-12)
    #expect(PlotScale.range(of: [3, 3], count: 6).contains(3))
    #expect(PlotScale.range(of: [.nan], count: 6) == 0...1)
    #expect(SVGElements.number(1e300) == "1000000" && SVGElements.number(-0.126) == "-0.13")
    let scale = PlotScale(range: -0.2...1, start: 100, end: 40)
    #expect(scale(-0.2) == 100 && scale(1) == 40 && abs(scale(0.4) - 70) < 1e-9)
    let step = PlotScale.step(over: 1.2, count: 6)
    #expect(step == 0.2)
    let labels = scale.ticks(step: step).map { PlotScale.label($0, step: step) }
    #expect(labels == ["-0.2", "0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(PlotScale.label(3e7, step: 1e7) == "3e+07")
  }

  @Test func barsStandOnZeroWithTheHeightOfTheirValue() throws {
    let plot = Plot(
      x: PlotAxis("layer", categories: ["a", "b"]), y: PlotAxis("value", range: -1...1),
      series: [
        PlotSeries("up", .bars, values: [0.5, .nan]),
        PlotSeries("down", .bars, values: [-0.25, 1]),
      ], height: 200)
    let reader = try read(PlotFigure(title: "bars", plots: [plot]))
    let bars = reader.all("rect", "bar").filter { $0["width"] != "12" }
    // Drawn from the last series to the first; the one that is no number is left out.
    #expect(try bars.map { try number($0, "height") } == [25, 100, 50])
    let zero = try number(try #require(reader.all("line", "axis").first), "y1")
    #expect(try number(bars[0], "y") == zero)
    #expect(try abs(number(bars[2], "y") + 50 - zero) < 0.011)
    // Side by side, not on one another.
    let end = try number(bars[2], "x") + number(bars[2], "width")
    #expect(try end <= number(bars[0], "x"))
  }

  @Test func stacksStandOnOneAnother() throws {
    let plot = Plot(
      x: PlotAxis("", categories: ["a", "b"]), y: PlotAxis("%", range: 0...100),
      series: [
        PlotSeries("all", .stack, values: [75, .nan]),
        PlotSeries("half", .stack, values: [25, 40]),
      ], height: 200)
    let reader = try read(PlotFigure(title: "stack", plots: [plot]))
    let bars = reader.all("rect", "bar").filter { $0["width"] != "12" }
    // From the last series to the first.
    #expect(try bars.map { try number($0, "height") } == [50, 80, 150])
    #expect(try number(bars[0], "y") + 50 == number(bars[2], "y"))
    let base = try number(bars[2], "y") + 150
    #expect(try number(bars[1], "y") + 80 == base)
    // Without a range the axis reaches to the top of the highest.
    let free = Plot(x: plot.x, y: PlotAxis("%"), series: plot.series)
    let panel = PlotPanel(free, left: 50, right: 400, top: 0, namesX: true)
    #expect(panel.y.range == 0...100)
  }

  @Test func curvesHaveNoMarkersAndAnElementOfAPageHasWords() throws {
    let points = (0..<500).map { PlotPoint(Double($0), Double($0 % 7)) }
    let plot = Plot(
      x: PlotAxis("step"), y: PlotAxis("loss"), series: [PlotSeries("a", .curve, points)])
    let figure = PlotFigure(title: "", plots: [plot])
    let reader = try read(figure)
    #expect(reader.all("path", "mark").isEmpty && reader.all("path", "join").count == 2)
    let element = figure.element(label: "\"<loss>\"")
    #expect(
      element.hasPrefix("<svg class=\"plot\" role=\"img\" aria-label=\"&quot;&lt;loss&gt;&quot;\""))
    #expect(!element.contains("<style>"))
  }

  @Test func barsHideNoMarkers() throws {
    let series = [
      PlotSeries("bars", .bars, values: [1]), PlotSeries("markers", .markers, values: [0.5]),
    ]
    let plot = Plot(x: PlotAxis("", categories: ["a"]), y: PlotAxis(""), series: series)
    let drawn = try read(PlotFigure(title: "", plots: [plot])).attributes.compactMap {
      $0.1["class"]
    }
    let (bar, mark) = (drawn.lastIndex(of: "bar"), drawn.lastIndex(of: "mark"))
    #expect(try #require(bar) < #require(mark))
  }

  @Test func linesErrorBarsAndLabelsAreDrawn() throws {
    let dynamic = PlotSeries(
      "dynamic", .line,
      [
        PlotPoint(1, 0.8, yError: 0.05, label: "first"), PlotPoint(2, .nan),
        PlotPoint(3, 0.9, xError: 0.1), PlotPoint(4, 0.95),
      ])
    let fixed = PlotSeries("fixed", .markers, [PlotPoint(4, 0.96, label: "fixed")])
    let plot = Plot(
      title: "panel", x: PlotAxis("GMAC"), y: PlotAxis("top-1"), series: [dynamic, fixed])
    let reader = try read(PlotFigure(title: "frontier", subtitle: "two seeds", plots: [plot]))
    // Four points and two samples of the legend.
    #expect(reader.all("path", "mark").count == 6)
    #expect(reader.all("path", "error").count == 2)
    // The line has a gap where a point is missing.
    let joins = reader.all("path", "join").compactMap { $0["d"] }
    #expect(joins.contains { $0.filter { $0 == "M" }.count == 2 && $0.contains("L") })
    for text in ["frontier", "two seeds", "panel", "GMAC", "top-1", "first", "fixed", "dynamic"] {
      #expect(reader.texts.contains(text), "\(text)")
    }
  }

  @Test func labelsKeepClearOfOneAnother() {
    let area = PlotLabels.Box(left: 0, top: 0, right: 400, bottom: 300)
    let points = [PlotPosition(200, 150), PlotPosition(204, 150)]
    let bar = PlotLabels.Box(around: PlotPosition(300, 150), halfWidth: 4, halfHeight: 60)
    var labels = PlotLabels(
      in: area,
      taken: points.map { PlotLabels.Box(around: $0, halfWidth: 5, halfHeight: 5) } + [bar])
    let (first, second) = (
      labels.place("left", at: points[0]), labels.place("right", at: points[1])
    )
    #expect(abs(first.y - second.y) >= 12 || abs(first.x - second.x) >= 25)
    // An error bar is left free: the label goes to its side.
    let beside = labels.place("bar", at: PlotPosition(300, 150))
    #expect(abs(beside.x - 300) > 10)
    // At the upper edge there is no room above.
    #expect(labels.place("edge", at: PlotPosition(100, 2)).y > 2)
  }

  @Test func whateverIsInANameTheFileIsWellFormed() throws {
    let odd = "a<b & \"c\" ]]> \u{1} é"
    let series = (0..<11).map { PlotSeries("\(odd) \($0)", .line, [PlotPoint(0, Double($0))]) }
    let axis = PlotAxis(odd, categories: [odd])
    let plot = Plot(title: odd, x: axis, y: PlotAxis(odd), series: series)
    let reader = try read(PlotFigure(title: odd, plots: [plot, plot]))
    #expect(reader.texts.contains { $0.contains("a<b & \"c\" ]]>   é 10") })
    // The axis that both share is named once.
    let names = reader.texts.count { $0.hasPrefix("a<b") && !$0.contains("é ") }
    #expect(names == 1 + 2 + 2 + 1 + 1, "\(reader.texts)")
    let empty = try read(PlotFigure(title: "", plots: []))
    #expect(empty.counts["svg"] == 1)
  }
}
