// `vared-train inspect`: what is in a checkpoint, in words.

import Foundation
import VARedTraining

/// The contents of a checkpoint as text.
public enum Inspection {
  /// Model, step, parameters with shapes, configuration. Every value is read, so damage shows.
  ///
  /// - Throws: `FileError` if it is missing, damaged, or no checkpoint.
  public static func describe(_ path: String) throws -> String {
    let checkpoint = try Checkpoint.find(path)
    var lines = summary(checkpoint).lines + tensors(checkpoint).lines.map { "  " + $0 }
    lines.append("configuration")
    lines += checkpoint.header.configuration.yaml.split(separator: "\n").map { "  " + $0 }
    return lines.joined(separator: "\n")
  }

  private static func summary(_ checkpoint: Checkpoint) -> TextTable {
    let header = checkpoint.header
    let (c, position) = (header.configuration, header.position)
    let (tensors, learned) = (checkpoint.model.count, checkpoint.momentum)
    let parameters = learned.values.reduce(0) { $0 + $1.values.count }
    var table = TextTable([.left, .left])
    table.add([
      "checkpoint", "\(checkpoint.path) (format \(header.formatVersion))",
    ])
    table.add([
      "model",
      "\(c.model.rawValue) \(c.network.rawValue), width \(c.width), "
        + "clips \(c.frames)x\(c.size)x\(c.size)",
    ])
    table.add(["classes", "\(header.classes.count): \(header.classes.joined(separator: ", "))"])
    table.add(["labels", header.isMultiLabel ? "any number a clip (sigmoid)" : "one a clip"])
    table.add([
      "position",
      "step \(position.step), \(position.epoch) of \(c.epochs) epochs done, "
        + "\(position.epochStep) steps into the next",
    ])
    table.add(["seed", "\(header.seed), \(header.ranks) ranks x batch \(c.batch)"])
    table.add([
      "parameters",
      "\(parameters) in \(learned.count) tensors, \(tensors - learned.count) running statistics",
    ])
    return table
  }

  /// The names of a checkpoint's tensors, layers in their order, and their shapes.
  private static func tensors(_ checkpoint: Checkpoint) -> TextTable {
    let names = checkpoint.model.keys.sorted {
      $0.compare($1, options: .numeric) == .orderedAscending
    }
    var table = TextTable([.left, .left])
    for name in names { table.add([name, "\(checkpoint.model[name]?.shape ?? [])"]) }
    return table
  }
}
