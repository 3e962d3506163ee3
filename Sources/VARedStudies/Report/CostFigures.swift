// Accuracy against cost: of classes, and of several runs.

import Foundation
import VARedTraining

/// Scatters of accuracy against executed computation.
enum CostFigures {
  /// The classes of one run.
  static func classes(of run: ReportedRun) -> ReportFigure? {
    let classes = run.evaluation.classes
    let points = classes.map { one in
      PlotPoint(
        one.executedGmacs, one.score,
        label: classes.count <= 30 ? String(one.name.prefix(20)) : nil)
    }
    let name = run.evaluation.map == nil ? "accuracy" : "average precision"
    let costs = classes.map(\.executedGmacs)
    return ReportFigure(
      "Accuracy against cost, by class",
      Plot(
        x: PlotAxis("executed GMAC per view, mean of the class"), y: PlotAxis(name),
        series: [
          PlotSeries("a class", .markers, points),
          PlotSeries(
            "all clips", .markers, [PlotPoint(run.evaluation.executedGmacs, run.evaluation.score)]),
        ], height: 280),
      words: String(
        format: "%d classes, from %.4g to %.4g GMAC per view", classes.count, costs.min() ?? 0,
        costs.max() ?? 0) + "; the numbers are in the table of classes", width: 640)
  }

  /// Several runs against computation and against time.
  static func runs(_ runs: [ReportedRun], names: [String]) -> [ReportFigure] {
    func figure(
      _ title: String, _ axis: String, _ x: (EvaluationNumbers) -> Double
    ) -> ReportFigure? {
      let kinds = [(true, "dynamic"), (false, "fixed")]
      let series = kinds.map { isDynamic, kind in
        PlotSeries(
          kind, .markers,
          zip(runs, names).filter { $0.0.isDynamic == isDynamic }.map {
            PlotPoint(x($0.0.evaluation), $0.0.evaluation.score, label: $0.1)
          })
      }
      let words = zip(runs, names).map {
        String(format: "%@: %.4g at %.4g", $1, $0.evaluation.score, x($0.evaluation))
      }.joined(separator: "; ")
      return ReportFigure(
        title,
        Plot(
          x: PlotAxis(axis), y: PlotAxis(runs[0].evaluation.scoreName), series: series, height: 240),
        words: words)
    }
    return [
      figure("Accuracy against computation", "executed GMAC per view") { $0.executedGmacs },
      figure("Accuracy against time", "milliseconds per view") { $0.secondsPerClip * 1e3 },
    ].compactMap { $0 }
  }
}
