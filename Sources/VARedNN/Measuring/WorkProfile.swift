// Where the time of a step goes: seconds by kind of work, and by convolution.

/// What a network spends its time on.
public enum WorkKind: String, CaseIterable, Sendable {
  case convolutionForward = "convolution_forward"
  case convolutionBackwardData = "convolution_backward_data"
  case convolutionBackwardWeights = "convolution_backward_weights"
  /// Batch norm, with the activation, squeeze-and-excitation, the residual sum, the spatial means
  /// and the motion energy that it is fused with, of fixed convolutions and of dynamic ones in a
  /// step that computes every clip whole.
  case batchNorm = "batch_norm"
  /// The cheap operations of METHOD §1, and the batch norm passes that they share a loop with.
  case cheapOperations = "cheap_operations"
  /// The soft modulation gates.
  case gates
}

/// The time and the multiply-accumulates of one convolution in one direction.
public struct ConvolutionWork: Sendable {
  /// The direction: one of the three convolution kinds.
  public let kind: WorkKind
  /// The code that ran: oneDNN's name for it, e.g. `jit:avx512_core`, or `vared:…` for ours.
  public internal(set) var implementation = ""
  /// Seconds since the profile was last cleared.
  public internal(set) var seconds = 0.0
  /// Multiply-accumulates since then.
  public internal(set) var macs = 0

  /// Whether oneDNN had no kernel of its own for this shape.
  public var isFallback: Bool {
    implementation.contains("ref") || implementation.contains("gemm")
  }
}

/// One convolution layer in a profile.
public struct LayerWork: Sendable {
  /// The layer's name, as of its weights.
  public let name: String
  /// Input, kernel, stride and output in words.
  public let shape: String
  /// Forward, backward-data, backward-weights; without those that never ran.
  public var directions: [ConvolutionWork] { all.filter { $0.macs > 0 } }
  var all = [WorkKind.convolutionForward, .convolutionBackwardData, .convolutionBackwardWeights]
    .map { ConvolutionWork(kind: $0) }
}

/// Where the time of some steps went.
public struct WorkTotals: Sendable {
  /// Seconds by kind; empty before anything was added.
  public private(set) var seconds: [WorkKind: Double] = [:]
  /// The convolutions, in the order of the network.
  public private(set) var layers: [LayerWork] = []

  /// Nothing yet.
  public init() {}

  fileprivate init(seconds: [Double], layers: [LayerWork]) {
    self.seconds = Dictionary(uniqueKeysWithValues: zip(WorkKind.allCases, seconds))
    self.layers = layers
  }

  /// Adds work of the same network, layer to layer.
  public static func += (totals: inout WorkTotals, more: WorkTotals) {
    totals.seconds.merge(more.seconds) { $0 + $1 }
    guard !totals.layers.isEmpty else { return totals.layers = more.layers }
    for (l, layer) in more.layers.enumerated() {
      for (d, work) in layer.all.enumerated() where work.macs > 0 {
        totals.layers[l].all[d].seconds += work.seconds
        totals.layers[l].all[d].macs += work.macs
        totals.layers[l].all[d].implementation = work.implementation
      }
    }
  }
}

/// Collects a network's work; costs a branch per operation until it is switched on.
final class WorkProfile {
  var isOn = false
  private var seconds = [Double](repeating: 0, count: WorkKind.allCases.count)
  private var layers: [LayerWork] = []
  private let clock = ContinuousClock()

  /// A new layer's index.
  func addLayer(_ name: String, _ geometry: ConvolutionGeometry) -> Int {
    layers.append(LayerWork(name: name, shape: geometry.summary))
    return layers.count - 1
  }

  /// What was collected since it was last cleared.
  var totals: WorkTotals { WorkTotals(seconds: seconds, layers: layers) }

  func clear() {
    for i in seconds.indices { seconds[i] = 0 }
    for i in layers.indices {
      for j in layers[i].all.indices {
        layers[i].all[j].seconds = 0
        layers[i].all[j].macs = 0
      }
    }
  }

  /// Runs `body` and adds its time to that of `kind`. Calls are not nested.
  func time<Result>(_ kind: WorkKind, _ body: () throws -> Result) rethrows -> Result {
    guard isOn else { return try body() }
    let start = clock.now
    defer { seconds[kind.index] += (clock.now - start) / .seconds(1) }
    return try body()
  }

  /// Runs `body`, a convolution by the engine named `implementation`, and adds its time to its
  /// layer's, too.
  func run(
    _ layer: Int, _ kind: WorkKind, macs: Int, implementation: String, _ body: () -> Void
  ) {
    guard isOn else { return body() }
    let before = seconds[kind.index]
    time(kind, body)
    layers[layer].all[kind.index].seconds += seconds[kind.index] - before
    layers[layer].all[kind.index].macs += macs
    layers[layer].all[kind.index].implementation = implementation
  }
}

extension WorkKind {
  /// Made once: `allCases` is a new array each time.
  private static let order = allCases

  /// Place in `allCases`; the convolutions come first.
  fileprivate var index: Int { Self.order.firstIndex(of: self) ?? 0 }
}
