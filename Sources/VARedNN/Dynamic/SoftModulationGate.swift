// The soft modulation gate (METHOD §2).

import Foundation

/// Decides, from the spatial means of a convolution's input and, where that is set, from its motion
/// energy, how much of the convolution's output is computed: `h = tanh(BN(W1 g))`,
/// `a = W2 h + β`, then `v` by the gate's form.
final class SoftModulationGate {
  let space: PolicySpace
  /// The weights of the last forward pass.
  var policy: Policy
  let form: GateForm
  private let fc1: Linear
  private let norm: BatchNorm1D
  private let fc2: Linear
  private let framePixels: Int
  private let operations: OperationRecord
  private let motion: MotionEnergy?
  /// `[1]`, of sparsemax alone; part of the network's state, so that whoever loads the network
  /// decides as it was trained to.
  private let storedTemperature: RunningStatistic?

  // Kept by forward for backward.
  private var input: UnsafePointer<Float>?
  private let hidden: FloatBuffer
  /// `u`, or, of sparsemax, `a / τ`.
  private let raw: FloatBuffer
  /// What backward reads: written by the layer that ran the policy.
  var gradient: PolicyGradient
  private let dHidden: FloatBuffer
  private let dRaw: FloatBuffer

  /// - Parameters:
  ///   - input: the convolution's input; the gate reads its means `[N, C·T]`, and with motion
  ///     energy `[N, 2·C·T]`.
  init(
    _ space: PolicySpace, input: ActivationShape, configuration: DynamicConfiguration, name: String,
    context: LayerContext
  ) {
    self.space = space
    let batch = context.batch
    operations = context.counter.addRecord(
      name, .gate,
      output: ActivationShape(channels: space.candidates, frames: 1, height: 1, width: 1))
    form = configuration.gateForm
    framePixels = input.framePixels
    policy = Policy(space, batch: batch)
    let width = configuration.gateHidden
    motion =
      configuration.motionEnergy ? MotionEnergy(input, batch: batch, operations: operations) : nil
    let inputs = motion?.inputCount ?? input.meanCount
    let start = GateStart(
      space, inputs: inputs, hidden: width, motionFrom: motion?.meanCount)
    fc1 = Linear(
      inputs: inputs, outputs: width, name: "\(name).fc1", context: context,
      operations: operations, isGate: true, initialBias: nil,
      initial: start.first)
    norm = BatchNorm1D(features: width, name: "\(name).bn", context: context)
    fc2 = Linear(
      inputs: width, outputs: space.candidates, name: "\(name).fc2", context: context,
      operations: operations, isGate: true, initialBias: 1, initial: start.second)
    storedTemperature =
      form == .sparsemax
      ? context.parameters.addBuffer("\(name).temperature", channels: 1, initial: 1) : nil
    (hidden, dHidden) = (FloatBuffer(batch * width), FloatBuffer(batch * width))
    raw = FloatBuffer(batch * space.candidates)
    dRaw = FloatBuffer(batch * space.candidates)
    gradient = PolicyGradient(space, batch: batch)
  }

  /// Multiply-accumulates of one clip: `Dh·C·T + (St + Sc)·Dh`; `Dh·2·C·T` with motion energy.
  var macs: Int { fc1.macs + fc2.macs }

  /// One clip's operations between the products: batch norm 2 and tanh 1 of every hidden unit; of
  /// every candidate tanh, max and, where weights are normalized, the sum and the division; of
  /// sparsemax the division, the sum, the threshold's subtraction and max.
  private var elementwiseFLOPs: Int {
    3 * fc1.outputs + (form == .published ? 2 : 4) * space.candidates
  }

  /// τ of sparsemax; 1 in the other forms, which have none and take none.
  var temperature: Float {
    get { storedTemperature?.value[0] ?? 1 }
    set {
      guard let storedTemperature, storedTemperature.value[0] != newValue else { return }
      storedTemperature.value[0] = newValue
      storedTemperature.changed()
    }
  }

  /// Sets `policy` for `n` clips.
  /// - Parameter x: its means are kept until backward.
  func forward(_ x: FeatureMap, count n: Int, training: Bool) throws {
    let input = motion?.inputs(x, count: n) ?? UnsafePointer(x.means)
    self.input = input
    operations.record(calls: 0, flops: n * elementwiseFLOPs)
    let (hidden, raw) = (hidden.base, raw.base)
    fc1.forward(input, count: n, into: hidden)
    try norm.forward(hidden, count: n, training: training)
    for i in 0..<n * fc1.outputs { hidden[i] = tanh(hidden[i]) }
    fc2.forward(hidden, count: n, into: raw)
    if form == .sparsemax {
      let temperature = temperature
      for i in 0..<n * space.candidates { raw[i] /= temperature }
    } else {
      for i in 0..<n * space.candidates { raw[i] = max(tanh(raw[i]), 0) }
    }
    let (st, sc) = (space.temporalStrides.count, space.channelCounts.count)
    for clip in 0..<n {
      let u = clip * (st + sc)
      modulate(u..<u + st, into: &policy.temporal, at: clip * st)
      modulate(u + st..<u + st + sc, into: &policy.channel, at: clip * sc)
    }
  }

  /// The gradient of the loss with respect to `v`.
  struct PolicyGradient {
    /// Through the convolution's output: `∂L/∂v_t [N, St]`, `∂L/∂v_c [N, Sc]`.
    var temporal: [Float]
    var channel: [Float]
    /// Through the cost, with respect to the normalized weights.
    var temporalCost: [Float]
    var channelCost: [Float]
    /// Whether the cost, which presses upwards, presses on closed candidates, too (METHOD §4).
    var reopens = false
  }

  /// Backward of `forward` from `gradient`: parameter gradients assigned; `dMeans [n, C·T]`
  /// assigned, divided by the pixels of a frame, so that it is the gradient of every pixel.
  /// - Parameters:
  ///   - x: what `forward` read.
  ///   - dx: the gradient of the input; what reaches it by motion energy is added.
  func backward(
    _ x: ConvolutionInput, into dMeans: UnsafeMutablePointer<Float>, dx: MutableBlockedClips
  ) throws {
    let n = x.clips.count
    let (st, sc) = (space.temporalStrides.count, space.channelCounts.count)
    for clip in 0..<n {
      let u = clip * (st + sc)
      demodulate(
        u..<u + st, policy.temporal, gradient.temporal, gradient.temporalCost, at: clip * st)
      demodulate(
        u + st..<u + st + sc, policy.channel, gradient.channel, gradient.channelCost,
        at: clip * sc)
    }
    let (hidden, dHidden, raw, dRaw) = (hidden.base, dHidden.base, raw.base, dRaw.base)
    if form == .sparsemax {
      let temperature = temperature
      for i in 0..<n * (st + sc) { dRaw[i] /= temperature }
    } else {
      // Through max(·, 0) and tanh: no gradient where u is zero.
      for i in 0..<n * (st + sc) { dRaw[i] *= raw[i] > 0 ? 1 - raw[i] * raw[i] : 0 }
    }
    for clip in 0..<n where gradient.reopens {
      let u = clip * (st + sc)
      reopen(u..<u + st, policy.temporal, gradient.temporalCost, at: clip * st)
      reopen(u + st..<u + st + sc, policy.channel, gradient.channelCost, at: clip * sc)
    }
    fc2.backward(dRaw, x: hidden, count: n, into: dHidden)
    for i in 0..<n * fc1.outputs { dHidden[i] *= 1 - hidden[i] * hidden[i] }
    try norm.backward(dHidden, count: n)
    guard let input else { preconditionFailure("backward of a gate before its forward") }
    let dInput = motion?.gradient.base ?? dMeans
    fc1.backward(dHidden, x: input, count: n, scale: 1 / Float(framePixels), into: dInput)
    motion?.propagate(x, into: dMeans, dx: dx)
  }

  /// Adds `gradient · ∂ρ/∂v` of a clip for the normalized `v` (METHOD §3), `gradient` being
  /// `∂L/∂ρ`.
  func addCost(_ cost: LayerCost, clip: Int, gradient dRatio: Float) {
    let (st, sc) = (space.temporalStrides.count, space.channelCounts.count)
    cost.temporal.forEachDerivative {
      gradient.temporalCost[clip * st + $0] += dRatio * cost.temporalFactor * $1
    }
    cost.channel.forEachDerivative {
      gradient.channelCost[clip * sc + $0] += dRatio * cost.channelFactor * $1
    }
  }

  /// For a step in which nothing is learned through the gate: no gradient of a parameter, none of
  /// the means `[n, C·T]`.
  func clearGradients(_ dMeans: UnsafeMutablePointer<Float>, count n: Int) {
    fc1.clearGradients()
    norm.clearGradients()
    fc2.clearGradients()
    dMeans.update(repeating: 0, count: n * (motion?.meanCount ?? fc1.inputs))
  }

  /// One group's `v`, from `first` on, from its `u`, or its `a / τ`, the places `group` of `raw`.
  private func modulate(_ group: Range<Int>, into v: inout [Float], at first: Int) {
    let values = UnsafeBufferPointer(start: raw.base + group.lowerBound, count: group.count)
    switch form {
    case .sparsemax: Sparsemax.project(values, into: &v, at: first)
    case .published:
      for (i, value) in values.enumerated() { v[first + i] = value }
    case .normalized:
      let sum = sum(of: group)
      for (i, value) in values.enumerated() {
        v[first + i] = sum > 0 ? value / sum : (i == group.count - 1 ? 1 : 0)
      }
    }
  }

  /// One group's `∂L/∂u`, or `∂L/∂(a / τ)`, assigned, from its `v` and the gradients of `v` and of
  /// `v` normalized, from `first` on.
  private func demodulate(
    _ group: Range<Int>, _ v: [Float], _ dv: [Float], _ dCost: [Float], at first: Int
  ) {
    if form == .sparsemax {
      return Sparsemax.backward(
        v[first..<first + group.count], into: dRaw.base + group.lowerBound
      ) { dv[first + $0] + dCost[first + $0] }
    }
    let sum = sum(of: group)
    // d(u_i / Σu): (d_i − Σ_k d_k u_k / Σu) / Σu.
    func normalized(_ i: Int) -> Float {
      (form == .normalized ? dv[first + i] : 0) + dCost[first + i]
    }
    var projection: Float = 0
    for (i, index) in group.enumerated() where sum > 0 {
      projection += normalized(i) * raw.base[index] / sum
    }
    for (i, index) in group.enumerated() {
      dRaw.base[index] = sum > 0 ? (normalized(i) - projection) / sum : 0
      if form == .published && sum > 0 { dRaw.base[index] += dv[first + i] }
    }
  }

  /// The closed candidates of one group that are dearer than the mean of all are pressed upwards as
  /// if they were open, through `max(a, 0)` as through `a`: nothing else would open them.
  private func reopen(_ group: Range<Int>, _ v: [Float], _ dCost: [Float], at first: Int) {
    let mean = dCost[first..<first + group.count].reduce(0, +) / Float(group.count)
    for (i, index) in group.enumerated() where v[first + i] == 0 {
      dRaw.base[index] = min(0, dCost[first + i] - mean) / temperature
    }
  }

  /// `Σu` of a group.
  private func sum(of group: Range<Int>) -> Float {
    var sum: Float = 0
    for index in group { sum += raw.base[index] }
    return sum
  }
}

extension SoftModulationGate.PolicyGradient {
  /// Zeros for `batch` clips.
  init(_ space: PolicySpace, batch: Int) {
    temporal = [Float](repeating: 0, count: batch * space.temporalStrides.count)
    channel = [Float](repeating: 0, count: batch * space.channelCounts.count)
    (temporalCost, channelCost) = (temporal, channel)
  }

  /// Makes everything zero.
  mutating func clear() {
    reopens = false
    for i in temporal.indices { (temporal[i], temporalCost[i]) = (0, 0) }
    for i in channel.indices { (channel[i], channelCost[i]) = (0, 0) }
  }
}
