// The soft modulation gate (METHOD §2).

import Foundation

/// Decides, from the spatial means of a convolution's input, how much of its output is computed:
/// `h = tanh(BN(W1 g))`, `u = max(tanh(W2 h + β), 0)`, then `v` by the gate's form.
final class SoftModulationGate {
  let space: PolicySpace
  /// The weights of the last forward pass.
  var policy: Policy
  let form: GateForm
  /// Candidates along time and along channels that every clip takes whatever the gate would say; the
  /// gate itself then does not run.
  var forced: (temporal: Int, channel: Int)?
  private let fc1: Linear
  private let norm: BatchNorm1D
  private let fc2: Linear
  private let framePixels: Int
  private let counter: ExecutionCounter

  // Kept by forward for backward.
  private var means: UnsafePointer<Float>?
  private var hidden: [Float]
  private var raw: [Float]

  /// - Parameter input: the convolution's input; the gate reads its means `[N, C·T]`.
  init(
    _ space: PolicySpace, input: ActivationShape, batch: Int,
    configuration: DynamicConfiguration, name: String, parameters: Parameters,
    counter: ExecutionCounter, reducer: StatisticsReducer?
  ) {
    self.space = space
    self.counter = counter
    form = configuration.gateForm
    framePixels = input.framePixels
    policy = Policy(space, batch: batch)
    let width = configuration.gateHidden
    let bound = 1 / Double(input.meanCount).squareRoot()
    fc1 = Linear(
      inputs: input.meanCount, outputs: width, name: "\(name).fc1", parameters: parameters,
      isGate: true, initialBias: nil, initial: { Float((2 * $0.uniform() - 1) * bound) })
    norm = BatchNorm1D(
      features: width, name: "\(name).bn", parameters: parameters, reducer: reducer)
    fc2 = Linear(
      inputs: width, outputs: space.candidates, name: "\(name).fc2", parameters: parameters,
      isGate: true, initialBias: 1, initial: { Float(0.01 * $0.normal()) })
    hidden = [Float](repeating: 0, count: batch * width)
    raw = [Float](repeating: 0, count: batch * space.candidates)
  }

  /// Multiply-accumulates of one clip: `Dh·C·T + (St + Sc)·Dh`.
  var macs: Int { fc1.macs + fc2.macs }

  /// Sets `policy` for `n` clips.
  /// - Parameter means: `[n, C·T]`, kept until backward.
  func forward(_ means: UnsafePointer<Float>, count n: Int, training: Bool) throws {
    self.means = means
    if let forced { return policy.take(forced.temporal, forced.channel, clips: n) }
    counter.add(n * macs)
    fc1.forward(means, count: n, into: &hidden)
    try norm.forward(&hidden, count: n, training: training)
    for i in 0..<n * fc1.outputs { hidden[i] = tanh(hidden[i]) }
    fc2.forward(hidden, count: n, into: &raw)
    for i in 0..<n * space.candidates { raw[i] = max(tanh(raw[i]), 0) }
    let (st, sc) = (space.temporalStrides.count, space.channelCounts.count)
    for clip in 0..<n {
      let u = clip * (st + sc)
      modulate(raw[u..<u + st], into: &policy.temporal, at: clip * st)
      modulate(raw[u + st..<u + st + sc], into: &policy.channel, at: clip * sc)
    }
  }

  /// The gradient of the loss with respect to `v`, for `n` clips.
  struct OutputGradient {
    /// Through the convolution's output: `∂L/∂v_t [N, St]`, `∂L/∂v_c [N, Sc]`.
    var temporal: [Float]
    var channel: [Float]
    /// Through the cost, with respect to the normalised weights.
    var temporalCost: [Float]
    var channelCost: [Float]
  }

  /// Parameter gradients assigned; `dMeans [n, C·T]` assigned, divided by the pixels of a frame, so
  /// that it is the gradient of every pixel.
  func backward(
    _ gradient: OutputGradient, count n: Int, into dMeans: UnsafeMutablePointer<Float>
  ) throws {
    guard forced == nil else { return clearGradients(dMeans, count: n) }
    let (st, sc) = (space.temporalStrides.count, space.channelCounts.count)
    var dRaw = [Float](repeating: 0, count: n * (st + sc))
    for clip in 0..<n {
      let u = clip * (st + sc)
      demodulate(gradient.temporal, gradient.temporalCost, at: clip * st, u..<u + st, into: &dRaw)
      demodulate(
        gradient.channel, gradient.channelCost, at: clip * sc, u + st..<u + st + sc, into: &dRaw)
    }
    // Through max(·, 0) and tanh: no gradient where u is zero.
    for i in 0..<dRaw.count { dRaw[i] *= raw[i] > 0 ? 1 - raw[i] * raw[i] : 0 }
    var dHidden = [Float](repeating: 0, count: n * fc1.outputs)
    fc2.backward(dRaw, x: hidden, count: n, into: &dHidden)
    for i in 0..<dHidden.count { dHidden[i] *= 1 - hidden[i] * hidden[i] }
    try norm.backward(&dHidden, count: n)
    guard let means else { preconditionFailure("backward of a gate before its forward") }
    fc1.backward(dHidden, x: means, count: n, scale: 1 / Float(framePixels), into: dMeans)
  }

  /// A policy that does not come from the gate sends no gradient through it.
  private func clearGradients(_ dMeans: UnsafeMutablePointer<Float>, count n: Int) {
    fc1.clearGradients()
    norm.clearGradients()
    fc2.clearGradients()
    dMeans.update(repeating: 0, count: n * fc1.inputs)
  }

  /// One group's `v` from its `u`.
  private func modulate(_ u: ArraySlice<Float>, into v: inout [Float], at first: Int) {
    let sum = u.reduce(0, +)
    for (i, value) in u.enumerated() {
      switch form {
      case .published: v[first + i] = value
      case .normalised: v[first + i] = sum > 0 ? value / sum : (i == u.count - 1 ? 1 : 0)
      }
    }
  }

  /// One group's `∂L/∂u` from the gradients of `v` and of `v` normalised.
  private func demodulate(
    _ dv: [Float], _ dCost: [Float], at first: Int, _ group: Range<Int>, into du: inout [Float]
  ) {
    let sum = raw[group].reduce(0, +)
    guard sum > 0 else { return }
    // d(u_i / Σu): (d_i − Σ_k d_k u_k / Σu) / Σu.
    let normalised = { (i: Int) -> Float in
      (self.form == .normalised ? dv[first + i] : 0) + dCost[first + i]
    }
    var projection: Float = 0
    for (i, index) in group.enumerated() { projection += normalised(i) * raw[index] / sum }
    for (i, index) in group.enumerated() {
      du[index] = (normalised(i) - projection) / sum
      if form == .published { du[index] += dv[first + i] }
    }
  }
}
