// What gates chose, along the network and by class, as stacked bars.

import Foundation
import VARedTraining

/// The pictures of one dynamic network's decisions.
struct PolicyFigures {
  private let policies: EvaluationNumbers.Policies
  private let run: ReportedRun

  /// Classes of one picture at most.
  static let mostClasses = 60

  /// - Returns: nil for a fixed network.
  init?(_ run: ReportedRun) {
    guard let policies = run.evaluation.policies, !policies.layers.isEmpty else { return nil }
    self.policies = policies
    self.run = run
  }

  /// Frames, channels.
  private enum Kind {
    case frames, channels

    /// The candidates of a layer as shares of what there is, the densest first. Those of channels
    /// are whole blocks, nearly the same in most layers: to a tenth.
    func shares(_ layer: EvaluationNumbers.Layer) -> [Double] {
      switch self {
      case .frames: layer.temporalStrides.map { 1 / Double(max(1, $0)) }
      case .channels:
        layer.channelCounts.map { count in
          let share = Double(count) / Double(layer.channelCounts[0])
          return share < 1 ? max(1, min(9, (10 * share).rounded())) / 10 : 1
        }
      }
    }

    func counts(_ layer: EvaluationNumbers.Layer) -> [Int] {
      self == .frames ? layer.temporal : layer.channel
    }

    func counts(_ group: EvaluationNumbers.Group) -> [[Int]] {
      self == .frames ? group.temporal : group.channel
    }

    func name(_ share: Double) -> String {
      switch self {
      case .frames: share == 1 ? "all frames" : String(format: "1 of %.0f frames", 1 / share)
      case .channels: share == 1 ? "all channels" : String(format: "about %.0f %%", 100 * share)
      }
    }
  }

  /// Two pictures along the network, two by class, and how much clips differ.
  var all: [ReportFigure] {
    [
      byLayer(.frames, "Frames computed, by layer"),
      byLayer(.channels, "Channels computed, by layer"),
      byClass(.frames, "Frames computed, by class"),
      byClass(.channels, "Channels computed, by class"),
      distribution,
    ].compactMap { $0 }
  }

  /// All candidates of any layer, the densest first.
  private func candidates(_ kind: Kind) -> [Double] {
    Set(policies.layers.flatMap(kind.shares)).sorted(by: >)
  }

  private func byLayer(_ kind: Kind, _ title: String) -> ReportFigure? {
    let series = candidates(kind).map { share in
      PlotSeries(
        kind.name(share), .stack,
        values: policies.layers.map { layer in
          let views = zip(kind.shares(layer), kind.counts(layer)).filter { $0.0 == share }
            .reduce(0) { $0 + $1.1 }
          return 100 * Double(views) / Double(max(1, policies.views))
        })
    }
    return figure(title, policies.layers.map(\.name), "views, %", series)
  }

  /// Of each class the layers' shares of the cost that run at each candidate.
  private func byClass(_ kind: Kind, _ title: String) -> ReportFigure? {
    let classes = policies.classes.prefix(Self.mostClasses)
    let series = candidates(kind).map { share in
      PlotSeries(
        kind.name(share), .stack,
        values: classes.map { group in
          let weighted = zip(policies.layers, kind.counts(group)).reduce(0.0) { sum, one in
            let views = zip(kind.shares(one.0), one.1).filter { $0.0 == share }
              .reduce(0) { $0 + $1.1 }
            return sum + one.0.share * Double(views)
          }
          return 100 * weighted / Double(max(1, group.views))
        })
    }
    let more = policies.classes.count - classes.count
    return figure(
      title + (more > 0 ? " (\(more) more are not shown)" : ""), classes.map(\.name),
      "share of the cost, %", series)
  }

  private func figure(
    _ title: String, _ names: [String], _ axis: String, _ series: [PlotSeries]
  ) -> ReportFigure? {
    let words = series.map { one in
      let mean = one.points.reduce(0) { $0 + $1.y } / Double(max(1, one.points.count))
      return "\(one.name): " + String(format: "%.1f %% on average", mean)
    }.joined(separator: "; ")
    return ReportFigure(
      title,
      Plot(
        x: PlotAxis("", categories: names.map { $0.count > 24 ? String($0.prefix(23)) + "…" : $0 }),
        y: PlotAxis(axis, range: 0...100), series: series, height: 200), words: words,
      width: names.count > 8 ? 1120 : 440)
  }

  /// How many clips take which part of the convolutions.
  private var distribution: ReportFigure? {
    let ratios = run.clips.compactMap(\.convRatio)
    guard let low = ratios.min(), let high = ratios.max(), high - low > 1e-9
    else { return nil }
    let bins = 20
    let width = (high - low) / Double(bins)
    var counts = [Double](repeating: 0, count: bins)
    for ratio in ratios { counts[min(bins - 1, Int((ratio - low) / width))] += 1 }
    let names = counts.indices.map { bin -> String in
      let middle = low + width * (Double(bin) + 0.5)
      return String(format: "%.1f", 100 * middle)
    }
    return ReportFigure(
      "Clips by the share of the convolutions they take",
      Plot(
        x: PlotAxis("% of the fixed network's convolutions", categories: names),
        y: PlotAxis("clips"), series: [PlotSeries("clips", .bars, values: counts)], height: 190),
      words: String(
        format: "from %.1f %% to %.1f %%, %d clips", 100 * low, 100 * high, ratios.count))
  }
}
