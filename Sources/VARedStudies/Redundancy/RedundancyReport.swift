// What `redundancy` found: a table, JSON, CSV and a picture.

import Foundation
import VARedData
import VARedTraining

/// The redundancy of every convolution's features.
public struct RedundancyReport {
  private let run: RedundancyRun
  private let step: Int
  private let clips: Int
  private let badClips: Int
  private let layers: [LayerRedundancy]

  init(
    _ run: RedundancyRun, step: Int, clips: Int, badClips: Int, layers: [LayerRedundancy]
  ) {
    self.run = run
    self.step = step
    self.clips = clips
    self.badClips = badClips
    self.layers = layers
  }

  /// Mean over the layers that have the number.
  private func mean(_ measure: RedundancyMeasure) -> Double? {
    let values = layers.compactMap { $0[measure] }
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  // MARK: Table

  /// The columns of the table.
  private static let columns: [RedundancyMeasure] = [
    .temporalCorrelation, .temporalCorrelationDeviation, .temporalError, .channelCorrelation,
    .channelError, .channelPairs,
  ]

  /// Lines for a person.
  public var table: String {
    let bad = badClips > 0 ? "; \(badClips) could not be decoded" : ""
    var head = TextTable([.left, .left])
    head.add(["checkpoint", "\(run.checkpoint) (step \(step)), everything computed"])
    head.add(["clips", "\(clips) of \(run.data) (\(run.split.rawValue), centre clips\(bad))"])
    var table = TextTable([.left, .left] + Self.columns.map { _ in .right })
    table.add(["", "", "frames", "", "", "channels"])
    table.add([
      "layer", "K x T x H x W", "r", "+-", "error", "best |r|", "error",
      "|r|>" + Self.short(run.threshold),
    ])
    for layer in layers {
      let s = layer.shape
      table.add(
        [layer.name, "\(s.channels)x\(s.frames)x\(s.height)x\(s.width)"]
          + Self.cells { layer[$0] })
    }
    table.add(["mean", ""] + Self.cells(mean))
    return (head.lines + [""] + table.lines).joined(separator: "\n")
  }

  private static func cells(_ value: (RedundancyMeasure) -> Double?) -> [String] {
    columns.map { value($0).map { String(format: "%.3f", $0) } ?? "-" }
  }

  private static func short(_ value: Double) -> String { String(format: "%.3g", value) }

  // MARK: Files

  /// One JSON object.
  public var json: String {
    var line = JSONLine()
    line.add("kind", "redundancy")
    line.add("checkpoint", run.checkpoint)
    line.add("step", step)
    line.add("data", run.data)
    line.add("split", run.split.rawValue)
    line.add("clips", clips)
    line.add("bad_clips", badClips)
    line.add("threshold", run.threshold)
    line.add(
      "layers",
      layers.map { layer in
        var one = JSONLine()
        one.add("layer", layer.name)
        for (key, extent) in Self.extents(layer) { one.add(key, extent) }
        for measure in RedundancyMeasure.allCases {
          one.add(measure.rawValue, layer[measure] ?? .nan)
        }
        return one
      })
    var means = JSONLine()
    for measure in RedundancyMeasure.allCases { means.add(measure.rawValue, mean(measure) ?? .nan) }
    line.add("mean", means)
    return line.text
  }

  /// A header and a line per layer; a number that a layer has not is empty.
  var csv: String {
    let names = ["layer", "channels", "frames", "height", "width"]
    let header = CSVRow(names + RedundancyMeasure.allCases.map(\.rawValue))
    return layers.reduce(into: header.line) { text, layer in
      let values = RedundancyMeasure.allCases.map { layer[$0].map { "\(Float($0))" } ?? "" }
      text += CSVRow([layer.name] + Self.extents(layer).map { "\($0.value)" } + values).line
    }
  }

  private static func extents(_ layer: LayerRedundancy) -> [(key: String, value: Int)] {
    let shape = layer.shape
    return [
      ("channels", shape.channels), ("frames", shape.frames), ("height", shape.height),
      ("width", shape.width),
    ]
  }

  // MARK: Picture

  /// Two plots over the layers: neighbouring frames, and channels.
  var figure: PlotFigure {
    let axis = PlotAxis("", categories: layers.map(\.name))
    func values(_ measure: RedundancyMeasure) -> [Double] { layers.map { $0[measure] ?? .nan } }
    func points(_ measure: RedundancyMeasure, _ deviation: RedundancyMeasure) -> [PlotPoint] {
      layers.enumerated().map { i, layer in
        PlotPoint(Double(i), layer[measure] ?? .nan, yError: layer[deviation] ?? 0)
      }
    }
    let frames = Plot(
      title: "Neighbouring frames", x: axis, y: PlotAxis(""),
      series: [
        PlotSeries(
          "correlation", .line, points(.temporalCorrelation, .temporalCorrelationDeviation)),
        PlotSeries("relative error", .dashedLine, points(.temporalError, .temporalErrorDeviation)),
      ], height: 220)
    let channels = Plot(
      title: "Channels of the second half, from the first", x: axis, y: PlotAxis(""),
      series: [
        PlotSeries("best |r|", .bars, values: values(.channelCorrelation)),
        PlotSeries("error left by the best line", .bars, values: values(.channelError)),
        PlotSeries(
          "share of pairs with |r| > \(Self.short(run.threshold))", .bars,
          values: values(.channelPairs)),
      ], height: 220)
    let name = (run.checkpoint as NSString).lastPathComponent
    return PlotFigure(
      title: "Redundancy of features",
      subtitle: "\(name), step \(step): \(clips) clips of "
        + "\((run.data as NSString).lastPathComponent) (\(run.split.rawValue)); whiskers: "
        + "deviation over clips", plots: [frames, channels])
  }
}
