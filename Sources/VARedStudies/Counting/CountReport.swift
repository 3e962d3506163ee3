// What `count` found, for people and as JSON.

import Foundation
import VARedNN
import VARedTraining

/// A network's layers: size, computation in the fixed network, computation that was executed.
public struct CountReport: Encodable {
  /// Which network, channel multiplier, classes.
  let model: Architecture
  let width: Double
  let classes: Int
  /// A clip, `[3, T, H, W]`.
  let input: [Int]
  /// Learned values of the fixed network, and of gates and cheap operations.
  let parameters: Int
  let dynamicParameters: Int
  /// One clip of the fixed network, by shapes alone.
  let fixed: Amount
  let layers: [Layer]
  let runs: [Run]
  /// What candidates take, where costs are in seconds.
  let candidateSeconds: CandidateSeconds?

  /// Computation, a mean over clips.
  struct Amount: Encodable {
    let macs: Double
    let flops: Double

    init(_ count: OperationCount, clips: Int = 1) {
      macs = Double(count.macs) / Double(clips)
      flops = Double(count.flops) / Double(clips)
    }
  }

  /// One layer.
  struct Layer: Encodable {
    let name: String
    let kind: String
    let output: [Int]
    let parameters: Int
    let fixed: Amount
  }

  /// What was executed under one policy.
  struct Run: Encodable {
    /// The policy; `data`: the gates' on data; `executed`: a fixed network.
    let name: String
    let clips: Int
    /// Calls that arrived at the engines, all of them accounted for.
    let engineCalls: Int
    let total: Amount
    /// The seconds that a clip takes by the network's table, where costs are in seconds.
    let seconds: Double?
    /// In the order of the report's layers.
    let layers: [Amount]

    init(
      _ name: String, _ layers: [LayerOperations], clips: Int, engineCalls: Int, seconds: Double?
    ) {
      self.name = name
      self.clips = clips
      self.engineCalls = engineCalls
      self.seconds = seconds
      total = Amount(layers.reduce(OperationCount()) { $0 + $1.recorded }, clips: clips)
      self.layers = layers.map { Amount($0.recorded, clips: clips) }
    }
  }

  init(_ network: VideoNetwork, _ runs: [Run]) {
    let shape = network.configuration
    (model, width, classes) = (shape.architecture, shape.width, shape.classes)
    input = [3, shape.frames, shape.size, shape.size]
    let operations = network.layerOperations
    let (fixed, dynamic) = (
      operations.filter { !$0.isDynamicOnly }, operations.filter(\.isDynamicOnly)
    )
    parameters = fixed.reduce(0) { $0 + $1.parameters }
    dynamicParameters = dynamic.reduce(0) { $0 + $1.parameters }
    self.fixed = Amount(operations.reduce(OperationCount()) { $0 + $1.fixed })
    layers = operations.map {
      Layer(
        name: $0.name, kind: $0.kind.rawValue, output: $0.output, parameters: $0.parameters,
        fixed: Amount($0.fixed))
    }
    self.runs = runs
    candidateSeconds = shape.seconds
  }

  /// One JSON object, keys in snake case.
  public func json() throws -> String { try reportJSON() }
}

extension LayerOperations {
  /// Whether the fixed network does without it.
  fileprivate var isDynamicOnly: Bool { kind == .gate || kind == .cheapOperations }
}

extension CountReport {
  /// A table: 10⁶ multiply-accumulates, then 10⁶ floating-point operations, of one clip.
  public var table: String {
    let names = ["fixed"] + runs.map(\.name)
    var table = TextTable([.left, .left, .left, .right] + names.flatMap { _ in [.right, .right] })
    table.add(
      ["layer", "kind", "output", "parameters"] + names.map { "\($0) MMAC" }
        + names.map { "\($0) MFLOP" })
    for (l, layer) in layers.enumerated() {
      table.add(
        [layer.name, layer.kind, Self.extents(layer.output), String(layer.parameters)]
          + Self.cells([layer.fixed] + runs.map { $0.layers[l] }))
    }
    table.add(
      ["total", "", "", String(parameters + dynamicParameters)]
        + Self.cells([fixed] + runs.map(\.total)))
    let network = "\(model.title), width \(width), \(classes) classes, input "
    return
      (table.lines + ["", network + Self.extents(input)] + summary.lines
      + (candidateSeconds?.lines ?? [])).joined(separator: "\n")
  }

  private var summary: TextTable {
    var table = TextTable([.left, .left])
    table.add([
      "parameters",
      "\(parameters) of the fixed network, \(dynamicParameters) of gates and cheap operations",
    ])
    let seconds = candidateSeconds.map { String(format: ", %.6f s", $0.fixed) } ?? ""
    table.add(["fixed", Self.perClip(fixed) + seconds])
    for run in runs {
      table.add([
        run.name,
        Self.perClip(run.total) + (run.seconds.map { String(format: ", %.6f s", $0) } ?? "")
          + "  (\(run.clips) clip\(run.clips == 1 ? "" : "s"), "
          + "\(run.engineCalls) engine calls, all accounted for)",
      ])
    }
    return table
  }

  private static func perClip(_ amount: Amount) -> String {
    String(format: "%.4f GMAC  %.4f GFLOP a clip", amount.macs / 1e9, amount.flops / 1e9)
  }

  private static func extents(_ shape: [Int]) -> String {
    shape.map(String.init).joined(separator: "x")
  }

  private static func cells(_ amounts: [Amount]) -> [String] {
    (amounts.map(\.macs) + amounts.map(\.flops)).map { String(format: "%.3f", $0 / 1e6) }
  }
}
