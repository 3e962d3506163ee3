// What a layer of a network has and runs, for reports.

/// One layer: its size, and its multiply-accumulates and floating-point operations (METHOD §3).
public struct LayerOperations: Sendable {
  /// The layer's name, as of its parameters: `layer1.0.conv1.0.0`, with `.gate` the gate and with
  /// `.phi` the cheap operations of a dynamic convolution.
  public let name: String
  /// What it is.
  public let kind: OperationKind
  /// `[C, T, H, W]` of one clip's output.
  public let output: [Int]
  /// Learned values.
  public let parameters: Int
  /// One clip, in the fixed network of the same shape, by the shapes alone; nothing for gates and
  /// cheap operations, which that network does not have.
  public let fixed: OperationCount
  /// What was recorded in forward passes since counting was started, all clips together.
  public let recorded: OperationCount

  /// A network's layers; every parameter belongs to the one with the longest name that begins its
  /// own.
  static func all(of records: [OperationRecord], _ parameters: Parameters) -> [LayerOperations] {
    var counts = [Int](repeating: 0, count: records.count)
    for entry in parameters.entries {
      let owners = records.indices.filter { entry.name.hasPrefix(records[$0].name) }
      guard let owner = owners.max(by: { records[$0].name.count < records[$1].name.count }) else {
        preconditionFailure("no layer accounts for the parameter \(entry.name)")
      }
      counts[owner] += entry.shape.reduce(1, *)
    }
    return zip(records, counts).map { operations, count in
      let shape = operations.output
      return LayerOperations(
        name: operations.name, kind: operations.kind,
        output: [shape.channels, shape.frames, shape.height, shape.width], parameters: count,
        fixed: operations.fixed, recorded: operations.recorded)
    }
  }
}
