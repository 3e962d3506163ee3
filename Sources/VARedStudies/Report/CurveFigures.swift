// How runs went: loss, accuracy, cost, learning rate and seconds over the steps.

import VARedTraining

/// The curves of one or more runs.
struct CurveFigures {
  let runs: [ReportedRun]
  /// Of each run in legends.
  let names: [String]

  private var isOne: Bool { runs.count == 1 }

  /// A figure for each quantity, all runs in each.
  var quantities: [ReportFigure] {
    [
      Self.figure("Loss", "loss", training("loss")),
      Self.figure("Accuracy", "share right", (isOne ? training("accuracy") : []) + scores),
      Self.figure("Cost of computation", "cost", training("cost")),
      executed("Executed share of the dynamic convolutions", "conv ratio", "conv_ratio"),
      executed("Seconds beside the fixed network's, by the table", "time ratio", "time_ratio"),
      Self.figure("Learning rate", "learning rate", training("learning_rate")),
      Self.figure("Speed", "clips per second", training("clips_per_second")),
    ].compactMap { $0 }
  }

  /// What dynamic networks executed.
  private func executed(_ title: String, _ axis: String, _ quantity: String) -> ReportFigure? {
    Self.figure(
      title, axis,
      (isOne ? training(quantity) : [])
        + evaluated { $0.isDynamic ? $0.metrics.evaluation(quantity) : [] })
  }

  private func training(_ quantity: String) -> [PlotSeries] {
    zip(runs, names).compactMap { run, name in
      let curve = run.metrics.step(quantity)
      // What is zero all the time was not in use.
      guard curve.contains(where: { $0.y != 0 }) else { return nil }
      return PlotSeries(isOne ? "training" : name, .curve, curve)
    }
  }

  private var scores: [PlotSeries] {
    evaluated { $0.metrics.evaluation($0.evaluation.map == nil ? "top1" : "map") }
  }

  private func evaluated(_ curve: (ReportedRun) -> RunMetrics.Curve) -> [PlotSeries] {
    zip(runs, names).compactMap { run, name in
      let points = curve(run)
      guard !points.isEmpty else { return nil }
      return PlotSeries(
        isOne ? "evaluation" : name, points.count > 60 ? .curve : .line, points)
    }
  }

  private static func figure(
    _ title: String, _ axis: String, _ series: [PlotSeries]
  ) -> ReportFigure? {
    ReportFigure(
      title, Plot(x: PlotAxis("step"), y: PlotAxis(axis), series: series, height: 190))
  }

  /// Where the seconds of one run's steps went.
  static func seconds(of run: ReportedRun) -> [ReportFigure] {
    let kinds = [
      "data": "waiting for clips", "forward": "forward", "backward": "backward",
      "allreduce": "waiting for sums",
    ]
    let byKind = RunMetrics.kinds.map {
      PlotSeries(kinds[$0] ?? $0, .curve, run.metrics.step("seconds.\($0)"))
    }
    let spread = [
      ("compute.most", "slowest"), ("compute.mean", "mean"), ("compute.least", "fastest"),
    ]
    let byRank = spread.map { PlotSeries($0.1, .curve, run.metrics.step($0.0)) }
    let waits = [
      ("batch_norm.mean", "batch norm"), ("gradients.mean", "gradients"), ("data.mean", "clips"),
    ]
    .map { PlotSeries($0.1, .curve, run.metrics.step($0.0)) }
    return [
      figure("Seconds of a step by kind, mean over ranks", "seconds", byKind),
      figure("Seconds in which a rank computed", "seconds", byRank),
      figure("Seconds waited for, mean over ranks", "seconds", waits),
      slowest(run),
    ].compactMap { $0 }
  }

  private static func slowest(_ run: ReportedRun) -> ReportFigure? {
    guard run.metrics.slowest.count > 1 else { return nil }
    let ranks = run.metrics.slowest.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.prefix(16)
    let words = ranks.map { "\($0.key): \($0.value)" }.joined(separator: "; ")
    return ReportFigure(
      "Steps in which a rank was the slowest",
      Plot(
        x: PlotAxis("", categories: ranks.map { String($0.key.prefix(28)) }), y: PlotAxis("steps"),
        series: [PlotSeries("steps", .bars, values: ranks.map { Double($0.value) })], height: 160),
      words: words)
  }
}
