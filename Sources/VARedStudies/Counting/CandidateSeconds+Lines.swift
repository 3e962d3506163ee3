// What candidates take, for people.

import Foundation
import VARedNN
import VARedTraining

extension CandidateSeconds {
  /// A line for each layer: its seconds, and of what is offered there the shares that are computed.
  var lines: [String] {
    var table = TextTable([.left, .right, .right, .right, .left, .left])
    table.add(["layer", "full us", "least us", "gate us", "frames", "channels"])
    for layer in layers { table.add(Self.cells(layer)) }
    let worth = layersWorthAGate
    return [
      "",
      "seconds of a clip in batches of \(batch) with \(threads) threads; \(worth.all) of "
        + "\(layers.count) convolutions are worth a gate",
    ] + table.lines
  }

  private static func cells(_ layer: LayerSeconds) -> [String] {
    func micro(_ seconds: Double) -> String { String(format: "%.1f", 1e6 * seconds) }
    guard layer.isWorthAGate else {
      return [layer.name, micro(layer.full), micro(layer.full), micro(layer.gate), "all", "all"]
    }
    let offered = layer.offered
    let channels = layer.channelCounts.count
    let pairs = offered.temporal.flatMap { a in
      offered.channel.map { layer.seconds[a * channels + $0] }
    }
    return [
      layer.name, micro(layer.full), micro(pairs.min() ?? layer.full), micro(layer.gate),
      offered.temporal.map { every(layer.temporalStrides[$0]) }.joined(separator: ", "),
      offered.channel.map { String(layer.channelCounts[$0]) }.joined(separator: ", "),
    ]
  }

  private static func every(_ stride: Int) -> String { stride == 1 ? "all" : "1/\(stride)" }
}
