// What the gates chose, as JSON and as tables.

import Foundation
import VARedNN

extension PolicyStatistics {
  /// The member `policies` of an evaluation: counts are views, and in `classes` lists of the
  /// layers.
  var json: JSONLine {
    var line = JSONLine()
    line.add("views", all.views)
    line.add("temporal_ratio", all.temporalRatio)
    line.add("channel_ratio", all.channelRatio)
    line.add("layers", layers.indices.map(json(layer:)))
    line.add("classes", classes.map(json(class:)))
    return line
  }

  private func json(layer l: Int) -> JSONLine {
    var line = JSONLine()
    line.add("name", layers[l].name)
    line.add("share", layers[l].share)
    line.add("conv_ratio", all.convRatio(layer: l))
    line.add("temporal_strides", layers[l].temporalStrides)
    line.add("temporal", all.choices[l].temporal)
    line.add("channel_counts", layers[l].channelCounts)
    line.add("channel", all.choices[l].channel)
    return line
  }

  private func json(class group: Group) -> JSONLine {
    var line = JSONLine()
    line.add("name", group.name)
    line.add("views", group.views)
    line.add("conv_ratio", group.convRatio)
    line.add("temporal_ratio", group.temporalRatio)
    line.add("channel_ratio", group.channelRatio)
    line.add("temporal", group.choices.map(\.temporal))
    line.add("channel", group.choices.map(\.channel))
    return line
  }

  /// Two tables for a person: the layers, then the classes and all of them together.
  var tables: String { layerTable.text + "\n" + classTable.text }

  private var layerTable: TextTable {
    var table = TextTable([.left, .right, .right, .left, .left])
    table.add([
      "dynamic layer", "share", "conv", "views by stride along time", "by computed channels",
    ])
    for (l, layer) in layers.enumerated() {
      table.add([
        layer.name, Self.ratio(layer.share), Self.ratio(all.convRatio(layer: l)),
        Self.shares(all.choices[l].temporal, of: layer.temporalStrides, all.views),
        Self.shares(all.choices[l].channel, of: layer.channelCounts, all.views),
      ])
    }
    return table
  }

  private var classTable: TextTable {
    var table = TextTable([.left, .right, .right, .right, .right])
    table.add(["class", "views", "conv", "time", "channels"])
    for group in classes + [all] {
      table.add(
        [group.name, String(group.views)]
          + [group.convRatio, group.temporalRatio, group.channelRatio].map(Self.ratio))
    }
    return table
  }

  private static func ratio(_ value: Double) -> String { String(format: "%.3f", value) }

  /// `64: 70.0 %  32: 30.0 %`.
  private static func shares(_ views: [Int], of candidates: [Int], _ all: Int) -> String {
    zip(candidates, views).map {
      String(format: "%d: %.1f %%", $0, 100 * Double($1) / Double(max(1, all)))
    }.joined(separator: "  ")
  }
}
