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
    let header = checkpoint.header
    let c = header.configuration
    let width = checkpoint.model.keys.map(\.count).max() ?? 0
    let names = checkpoint.model.keys.sorted {
      $0.compare($1, options: .numeric) == .orderedAscending
    }
    let table = names.map { name in
      let shape = checkpoint.model[name]?.shape ?? []
      return "  \(name.leftAligned(width))  \(shape)"
    }
    let parameters = checkpoint.momentum.values.reduce(0) { $0 + $1.values.count }
    var lines = [
      "checkpoint   \(checkpoint.path) (format \(CheckpointHeader.formatVersion))",
      "model        \(c.model.rawValue) \(c.network.rawValue), width \(c.width), "
        + "clips \(c.frames)x\(c.size)x\(c.size)",
      "classes      \(header.classes.count): \(header.classes.joined(separator: ", "))",
      "position     step \(header.position.step), \(header.position.epoch) of \(c.epochs) epochs done, "
        + "\(header.position.epochStep) steps into the next",
      "seed         \(header.seed), \(header.ranks) ranks x batch \(c.batch)",
      "parameters   \(parameters) in \(checkpoint.momentum.count) tensors, "
        + "\(checkpoint.model.count - checkpoint.momentum.count) running statistics",
    ]
    lines += table
    lines += ["configuration"] + c.yaml.split(separator: "\n").map { "  " + $0 }
    return lines.joined(separator: "\n")
  }
}
