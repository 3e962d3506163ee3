// A frontier as a table, a CSV file and a picture.

import Foundation
import VARedData
import VARedTraining

/// What is written of a frontier.
struct FrontierReport {
  let points: [FrontierPoint]

  /// Lines for a person.
  var table: String {
    var table = TextTable([.left] + [TextTable.Alignment](repeating: .right, count: 5))
    table.add(["network", "top-1", "conv ratio", "deviation", "GMAC", "ms/view"])
    for point in points {
      table.add(
        [point.run.name]
          + [
            (point.top1, 4), (point.convRatio, 3), (point.convRatioDeviation, 3),
            (point.executedGMACs, 4), (point.secondsPerClip * 1e3, 3),
          ].map { String(format: "%.\($1)f", $0) })
    }
    return table.text
  }

  /// A line for each network, named as its folder; `target` and `time_ratio` are empty where there
  /// is none.
  var csv: String {
    let header = CSVRow([
      "network", "policy", "target", "top1", "top5", "conv_ratio", "conv_ratio_deviation",
      "executed_gmacs", "seconds_per_clip", "time_ratio",
    ])
    return points.reduce(into: header.line) { text, point in
      let target = point.run.target.map { String($0) } ?? ""
      let numbers = [
        point.top1, point.top5, point.convRatio, point.convRatioDeviation, point.executedGMACs,
        point.secondsPerClip,
      ]
      let time = point.timeRatio.map { String($0) } ?? ""
      text +=
        CSVRow(
          [point.run.name, point.run.kindName, target] + numbers.map { String($0) } + [time]
        ).line
    }
  }

  /// Accuracy against executed computation, and against measured time.
  var figure: PlotFigure {
    PlotFigure(
      title: "Accuracy against computation",
      plots: [
        plot("executed GMAC per view") { $0.executedGMACs },
        plot("measured milliseconds per view") { $0.secondsPerClip * 1e3 },
      ])
  }

  private func plot(_ axis: String, _ x: (FrontierPoint) -> Double) -> Plot {
    func series(_ name: String, _ style: PlotSeries.Style, _ kind: FrontierRun.Kind) -> PlotSeries?
    {
      let own = points.filter { $0.run.kind == kind }.sorted { x($0) < x($1) }
      guard !own.isEmpty else { return nil }
      return PlotSeries(
        name, style,
        own.map { point in PlotPoint(x(point), point.top1, label: point.run.target.map { "\($0)" })
        })
    }
    let rules: [PolicyMode] = [.full, .halfFrames, .halfChannels, .half]
    return Plot(
      x: PlotAxis(axis), y: PlotAxis("top-1"),
      series: [
        series("gates", .line, .policy(.gates)),
        series("random", .dashedLine, .policy(.random)),
        series("fixed network", .markers, .fixed),
      ].compactMap { $0 }
        + rules.compactMap { series("\($0.rawValue)", .markers, .policy($0)) })
  }
}
