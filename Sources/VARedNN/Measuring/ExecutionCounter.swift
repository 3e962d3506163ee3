// What a network asks of its engines: a record for each layer, held against the calls that arrive.

import CKernels
import Synchronization

/// What an operation belongs to.
public enum OperationKind: String, CaseIterable, Sendable {
  /// A convolution, whole or in part.
  case convolution
  /// Batch norm with the activation, the shortcut's sum and the spatial means that it is fused
  /// with. (Motion energy, taken on the way, is recorded for the gate that reads it.)
  case batchNorm = "batch_norm"
  /// The cheap operations of METHOD §1 and the weighing of candidates.
  case cheapOperations = "cheap_operations"
  /// A soft modulation gate.
  case gate
  /// Squeeze-and-excitation: the means over time and space, two layers of them, and the factors.
  case squeezeExcitation = "squeeze_excitation"
  /// The mean over time before the classifier.
  case pooling
  /// The classifier.
  case classifier
}

/// An amount of computation, by the convention of METHOD §3.
public struct OperationCount: Equatable, Sendable {
  /// Multiply-accumulates.
  public var macs = 0
  /// Floating-point operations; a multiply-accumulate is two.
  public var flops = 0

  /// An amount.
  public init(macs: Int = 0, flops: Int = 0) {
    self.macs = macs
    self.flops = flops
  }

  /// Both sums.
  public static func + (a: OperationCount, b: OperationCount) -> OperationCount {
    OperationCount(macs: a.macs + b.macs, flops: a.flops + b.flops)
  }
}

/// Operations and the calls of an engine that they took, on their way to a record.
struct RecordedOperations {
  var calls = 0
  var operations = OperationCount()
}

/// What one layer runs in forward passes. The caller of an engine says so here, at the call, for
/// all of its clips, padding left out.
final class OperationRecord {
  let name: String
  let kind: OperationKind
  let output: ActivationShape
  /// One clip's share in the fixed network of the same shape, from the shapes alone.
  let fixed: OperationCount
  private let isOn = Atomic(false)
  private let callCount = Atomic(0)
  private let macCount = Atomic(0)
  private let flopCount = Atomic(0)

  fileprivate init(
    _ name: String, _ kind: OperationKind, output: ActivationShape, fixed: OperationCount
  ) {
    self.name = name
    self.kind = kind
    self.output = output
    self.fixed = fixed
  }

  /// Records an operation; a branch while nothing is counted. From any thread.
  /// - Parameter calls: calls of oneDNN, OpenBLAS or a kernel that it takes; 0 for a loop of our
  ///   own.
  @inline(__always)
  func record(calls: Int = 1, macs: Int = 0, flops: Int) {
    guard isOn.load(ordering: .relaxed) else { return }
    callCount.wrappingAdd(calls, ordering: .relaxed)
    macCount.wrappingAdd(macs, ordering: .relaxed)
    flopCount.wrappingAdd(flops, ordering: .relaxed)
  }

  /// The same for what was gathered.
  @inline(__always)
  func record(_ recorded: RecordedOperations) {
    record(calls: recorded.calls, macs: recorded.operations.macs, flops: recorded.operations.flops)
  }

  /// Calls recorded since counting was started.
  var calls: Int { callCount.load(ordering: .relaxed) }

  /// What was recorded since then, all clips together.
  var recorded: OperationCount {
    OperationCount(
      macs: macCount.load(ordering: .relaxed), flops: flopCount.load(ordering: .relaxed))
  }

  /// Starts from zero.
  fileprivate func start() {
    isOn.store(true, ordering: .relaxed)
    callCount.store(0, ordering: .relaxed)
    macCount.store(0, ordering: .relaxed)
    flopCount.store(0, ordering: .relaxed)
  }
}

/// The records of a network, and the count of what arrived at the engines whether it was recorded
/// or not: an operation that runs without being recorded makes the two differ.
///
/// Only forward passes have records. What a pass in training runs beyond that (statistics of batch
/// norm, and all of backward) arrives without being recorded, so the two agree in inference only.
final class ExecutionCounter {
  /// Where the time goes.
  let profile = WorkProfile()
  private(set) var records: [OperationRecord] = []

  /// A new record, in the order of the layers.
  func addRecord(
    _ name: String, _ kind: OperationKind, output: ActivationShape,
    fixed: OperationCount = OperationCount()
  ) -> OperationRecord {
    let record = OperationRecord(name, kind, output: output, fixed: fixed)
    records.append(record)
    return record
  }

  /// Starts to count from zero. The engines' calls are counted for the whole process: one network
  /// at a time.
  func start() {
    for record in records { record.start() }
    vared_count_calls()
  }

  /// Multiply-accumulates recorded since `start`.
  var macs: Int { records.reduce(0) { $0 + $1.recorded.macs } }

  /// Calls that arrived at an engine since `start`.
  var engineCalls: Int { vared_calls() }

  /// Calls that were recorded since then.
  var recordedCalls: Int { records.reduce(0) { $0 + $1.calls } }
}
