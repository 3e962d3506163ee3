// Parameters: explicit, named, ordered, in one flat buffer.

/// Every parameter of a network in one flat buffer, in the order of the forward pass, with one
/// equally laid out buffer of gradients: a bucket of gradients is a slice.
///
/// Values lie in the engine's blocked layouts (see `logical(_:of:)` for PyTorch's order). Padding
/// is zero in the values and in the gradients, and stays so under SGD.
public final class Parameters {
  /// One parameter.
  public struct Entry: Sendable {
    /// PyTorch's name, e.g. `layer1.0.conv1.0.0.weight`.
    public let name: String
    /// PyTorch's logical shape.
    public let shape: [Int]
    /// First float in the flat buffers.
    public let offset: Int
    /// Floats in the flat buffers, padding included.
    public let storedCount: Int
    /// Whether weight decay applies (METHOD §4: none on BN, biases, gates).
    public let decays: Bool
    /// Whether it belongs to a soft modulation gate (a learning-rate factor of its own).
    public let isGate: Bool
    let layout: ParameterLayout
  }

  /// Running statistics of one batch norm, in PyTorch's order.
  public struct BufferEntry: Sendable {
    /// PyTorch's name, e.g. `stem.1.running_mean`.
    public let name: String
    /// `[C]`.
    public let shape: [Int]
    let offset: Int
  }

  /// All parameters, in flat order.
  public private(set) var entries: [Entry] = []
  /// All running statistics.
  public private(set) var buffers: [BufferEntry] = []
  /// Floats of each flat buffer.
  public private(set) var count = 0
  /// Changes whenever values or running statistics do; layers that keep a copy made of them compare
  /// it.
  private(set) var version = 0

  private var bufferCount = 0
  private var initialValues: [(Int, inout RandomStream) -> Float] = []
  private var initialBuffers: [Float] = []
  private var valueStorage = FloatBuffer(0)
  private var gradientStorage = FloatBuffer(0)
  private var bufferStorage = FloatBuffer(0)
  /// Where gradients are summed over clips instead, until `takeFixedPoint`; nil: `gradients` are
  /// sums already.
  public private(set) var fixedPoint: FixedPointGradients?

  /// The parameters, flat. A writer says `changed`: layers keep what they made of them.
  public var values: UnsafeMutableBufferPointer<Float> { valueStorage.all }
  /// Their gradients, in the same layout.
  public var gradients: UnsafeMutableBufferPointer<Float> { gradientStorage.all }
  /// The running statistics, flat; as `values`.
  public var bufferValues: UnsafeMutableBufferPointer<Float> { bufferStorage.all }

  /// Says that `values` or `bufferValues` were written from outside (loaded, broadcast, stepped).
  public func changed() { version += 1 }

  /// Takes the gradients from their sums in fixed point, when all clips and all ranks are in them.
  public func takeFixedPoint() { fixedPoint?.move(to: gradients) }

  /// Declares a parameter; its place is known at once, its memory after `allocate`.
  /// - Parameter initial: draws the value at a place, in PyTorch's order.
  func add(
    _ name: String, _ shape: [Int], layout: ParameterLayout = .plain, decays: Bool,
    isGate: Bool = false, initial: @escaping (Int, inout RandomStream) -> Float
  ) -> Parameter {
    let stored = layout.storedCount(shape)
    let aligned = (stored + 15) / 16 * 16
    entries.append(
      Entry(
        name: name, shape: shape, offset: count, storedCount: aligned, decays: decays,
        isGate: isGate, layout: layout))
    initialValues.append(initial)
    defer { count += aligned }
    return Parameter(self, offset: count)
  }

  /// Declares running statistics of `channels` values.
  func addBuffer(_ name: String, channels: Int, initial: Float) -> RunningStatistic {
    buffers.append(BufferEntry(name: name, shape: [channels], offset: bufferCount))
    initialBuffers.append(initial)
    defer { bufferCount += channels }
    return RunningStatistic(self, offset: bufferCount)
  }

  /// Allocates the flat buffers and draws the initial values; each parameter has a stream of its
  /// own, named after it.
  /// - Parameter clipsPerStep: of all ranks, where their gradients are to be summed in fixed point.
  func allocate(seed: UInt64, clipsPerStep: Int? = nil) {
    fixedPoint = clipsPerStep.map { FixedPointGradients(count: count, clipsPerStep: $0) }
    valueStorage = FloatBuffer(count)
    gradientStorage = FloatBuffer(count)
    bufferStorage = FloatBuffer(bufferCount)
    for (entry, initial) in zip(entries, initialValues) {
      var stream = RandomStream(seed: seed, name: entry.name)
      let drawn = (0..<entry.shape.reduce(1, *)).map { initial($0, &stream) }
      setLogical(entry, in: values, drawn)
    }
    for (entry, initial) in zip(buffers, initialBuffers) {
      setBuffer(entry, [Float](repeating: initial, count: entry.shape[0]))
    }
    initialValues = []
    initialBuffers = []
  }

  /// The values of `entry` in `flat` (values, gradients or momentum) in PyTorch's order.
  public func logical(_ entry: Entry, of flat: UnsafeMutableBufferPointer<Float>) -> [Float] {
    let stored = flat.baseAddress! + entry.offset
    let count = entry.shape.reduce(1, *)
    return [Float](unsafeUninitializedCapacity: count) { out, initialized in
      entry.layout.forEach(entry.shape) { out[$0] = stored[$1] }
      initialized = count
    }
  }

  /// Writes `new`, in PyTorch's order, to `entry`'s place in `flat`.
  /// - Precondition: `new` has as many values as the entry's shape.
  public func setLogical(
    _ entry: Entry, in flat: UnsafeMutableBufferPointer<Float>, _ new: [Float]
  ) {
    precondition(new.count == entry.shape.reduce(1, *), "\(entry.name): \(entry.shape)")
    let stored = flat.baseAddress! + entry.offset
    entry.layout.forEach(entry.shape) { stored[$1] = new[$0] }
    changed()
  }

  /// The running statistics `entry`.
  public func bufferLogical(_ entry: BufferEntry) -> [Float] {
    Array(bufferValues[entry.offset..<entry.offset + entry.shape[0]])
  }

  /// Writes the running statistics `entry`.
  public func setBuffer(_ entry: BufferEntry, _ new: [Float]) {
    precondition(new.count == entry.shape[0], "\(entry.name): \(entry.shape)")
    for (i, value) in new.enumerated() { bufferValues[entry.offset + i] = value }
    changed()
  }
}

/// A layer's hold on one parameter: where its values and gradients are.
struct Parameter {
  private unowned let owner: Parameters
  let offset: Int

  init(_ owner: Parameters, offset: Int) {
    self.owner = owner
    self.offset = offset
  }

  var value: UnsafeMutablePointer<Float> { owner.values.baseAddress! + offset }
  /// Where its gradient is assigned; with sums in fixed point one clip's, for `addClip`.
  var gradient: UnsafeMutablePointer<Float> { owner.gradients.baseAddress! + offset }
  var version: Int { owner.version }

  /// Whether its gradient is summed in fixed point, clip by clip.
  var isSummedByClip: Bool { owner.fixedPoint != nil }

  /// Adds `count` floats of `gradient` from `first` on, those of one clip, to the sums in fixed
  /// point.
  func addClip(from first: Int = 0, count: Int) {
    owner.fixedPoint?.add(gradient + first, count: count, at: offset + first)
  }

  /// Adds one clip's gradient of the value at `index` to the sum in fixed point.
  func addClip(_ value: Double, at index: Int) {
    owner.fixedPoint?.add(value, at: offset + index)
  }
}

/// A layer's hold on one running statistic.
struct RunningStatistic {
  private unowned let owner: Parameters
  private let offset: Int

  init(_ owner: Parameters, offset: Int) {
    self.owner = owner
    self.offset = offset
  }

  var value: UnsafeMutablePointer<Float> { owner.bufferValues.baseAddress! + offset }

  /// Says that running statistics were written.
  func changed() { owner.changed() }
}
