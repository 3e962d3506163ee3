// The dynamic convolution (METHOD §1): per clip, only the part that its gate asks for.

import CKernels

/// The settings of the dynamic convolutions of a network.
public struct DynamicConfiguration: Equatable, Sendable, Codable {
  /// `St`: candidates `R_a = 2^a` along time, before collapsing.
  public var temporalCandidates = 2
  /// `Sc`: candidates along channels, before collapsing.
  public var channelCandidates = 2
  /// How gates weigh candidates.
  public var gateForm = GateForm.normalised
  /// `Dh`: hidden units of a gate.
  public var gateHidden = 32

  /// METHOD's default settings.
  public init() {}
}

/// Memory that the layers of one network borrow in turn.
final class Workspace {
  /// The outputs of layers inside a block, which backward computes again; two, because a layer reads
  /// one while it writes the other.
  let inner = [Scratch(), Scratch()]
  let gathered = Scratch()
  /// Inputs that the gradient of weights computes again, a strip at a time.
  let strips = Scratch()
  let mixed = Scratch()
  let mixedGradient = Scratch()
  let computedGradient = Scratch()
  let kernelGradients = Scratch()
}

/// A convolution whose output is computed in part and reconstructed for the rest, clip by clip:
/// `Y = Σ_a v_t[a]·T_a(Σ_b v_c[b]·C_b(F))` with `v` from a soft modulation gate on its input.
///
/// Clips of a batch that need the same part are convolved together; what no clip of such a group
/// needs is neither convolved nor differentiated, in training and in inference alike.
final class DynamicConvolution {
  let convolution: Convolution
  let gate: SoftModulationGate
  let cheap: CheapOperations
  private let workspace: Workspace
  private let counter: ExecutionCounter
  private let computed: FloatBuffer
  private var groups: [Group] = []

  /// Clips that execute the same part.
  private struct Group {
    let part: ConvolutionPart
    /// The output is the convolution itself: written in place, nothing is mixed.
    let isWhole: Bool
    var clips: [Int]
    /// First float of the group's compact `F`.
    var offset = 0

    /// The first clip, where the clips lie side by side.
    var contiguousStart: Int? {
      guard let first = clips.first, let last = clips.last, last - first == clips.count - 1
      else { return nil }
      return first
    }
  }

  init(
    _ geometry: ConvolutionGeometry, name: String, batch: Int,
    configuration: DynamicConfiguration, parameters: Parameters, workspace: Workspace,
    counter: ExecutionCounter, reducer: StatisticsReducer?
  ) {
    self.workspace = workspace
    self.counter = counter
    let output = geometry.output
    let space = PolicySpace(
      temporalCandidates: configuration.temporalCandidates,
      channelCandidates: configuration.channelCandidates, frames: output.frames,
      channels: output.channels)
    convolution = Convolution(
      geometry, name: name, parameters: parameters, counter: counter,
      scratch: workspace.strips)
    cheap = CheapOperations(
      space, channels: output.channels, name: name, parameters: parameters)
    gate = SoftModulationGate(
      space, input: geometry.input, batch: batch, configuration: configuration,
      name: "\(name).gate", parameters: parameters, counter: counter, reducer: reducer)
    computed = FloatBuffer(batch * output.clipFloats)
  }

  private var geometry: ConvolutionGeometry { convolution.geometry }

  // MARK: Forward

  /// `y [n, K, T', H', W']`, assigned; keeps what it computed of `F` for backward.
  func forward(
    _ x: Activation, clips n: Int, training: Bool, into y: UnsafeMutablePointer<Float>
  ) throws {
    try counter.profile.time(.gates) {
      try gate.forward(x.means, count: n, training: training)
    }
    execute(x, clips: n, into: y)
  }

  /// The convolution and the mixing that the gate's policy asks for.
  func execute(_ x: Activation, clips n: Int, into y: UnsafeMutablePointer<Float>) {
    groups = group(clips: n)
    for group in groups { convolve(group, x.data, into: y) }
    counter.profile.time(.cheapOperations) { mixForward(into: y) }
  }

  /// The clips by what they need, in a fixed order.
  private func group(clips n: Int) -> [Group] {
    var groups: [Group] = []
    for clip in 0..<n {
      let part = gate.policy.part(clip)
      let isWhole = gate.policy.isWhole(clip)
      if let i = groups.firstIndex(where: { $0.part == part && $0.isWhole == isWhole }) {
        groups[i].clips.append(clip)
      } else {
        groups.append(Group(part: part, isWhole: isWhole, clips: [clip]))
      }
    }
    var offset = 0
    for i in groups.indices {
      groups[i].offset = offset
      offset += groups[i].clips.count * geometry.output(of: groups[i].part).clipFloats
    }
    return groups
  }

  private func convolve(
    _ group: Group, _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>
  ) {
    let source = gatherInput(group, x)
    let count = group.clips.count
    let outFloats = geometry.output.clipFloats
    if group.isWhole, let first = group.contiguousStart {
      convolution.forward(source, clips: count, part: group.part, into: y + first * outFloats)
      return
    }
    let f = computed.base + group.offset
    convolution.forward(source, clips: count, part: group.part, into: f)
    guard group.isWhole else { return }
    for (i, clip) in group.clips.enumerated() {
      (y + clip * outFloats).update(from: f + i * outFloats, count: outFloats)
    }
  }

  /// Mixes every clip that is not whole, a block at a time.
  private func mixForward(into y: UnsafeMutablePointer<Float>) {
    let clips = mixedClips()
    guard !clips.isEmpty else { return }
    let shape = geometry.output
    let scratch = workspace.mixed.floats(clips.count * shape.clipFloats)
    for entry in clips {
      counter.add(cheap.macs(gate.policy, clip: entry.clip, part: entry.mixing.part, output: shape))
    }
    Parallel.forEach(clips.count * shape.blocks) { item in
      let (entry, block) = (clips[item / shape.blocks], item % shape.blocks)
      entry.mixing.forward(
        block: block, f: entry.f, z: scratch + item * shape.blockFloats,
        y: y + entry.clip * shape.clipFloats)
    }
  }

  /// A clip that is mixed, with its compact `F` and where that starts among all.
  private struct MixedClip {
    let clip: Int
    let offset: Int
    let f: UnsafeMutablePointer<Float>
    let mixing: ClipMixing
  }

  private func mixedClips() -> [MixedClip] {
    groups.filter { !$0.isWhole }.flatMap { group in
      group.clips.enumerated().map { i, clip in
        let offset = group.offset + i * geometry.output(of: group.part).clipFloats
        return MixedClip(
          clip: clip, offset: offset, f: computed.base + offset,
          mixing: ClipMixing(
            gate.policy, clip: clip, output: geometry.output, cheap: cheap, part: group.part,
            form: gate.form))
      }
    }
  }

  // MARK: Backward

  /// Gradients of all parameters and of the input, assigned. The input's gradient is
  /// `dx + dMeans` (the latter for every pixel of a frame).
  /// - Parameters:
  ///   - costGradient: `∂L/∂ρ` for each clip (METHOD §3); nil leaves the cost out.
  func backward(
    _ dy: UnsafePointer<Float>, x: ConvolutionInput, clips n: Int, costGradient: CostGradient?,
    into dx: UnsafeMutablePointer<Float>, dMeans: UnsafeMutablePointer<Float>
  ) throws {
    executeBackward(dy, x: x, clips: n, into: dx)
    if let costGradient { addCost(costGradient, clips: n) }
    try counter.profile.time(.gates) { try gate.backward(count: n, into: dMeans) }
  }

  /// Backward of `execute`: `dx` and the gradients of the weights and of the cheap operations,
  /// assigned; the gradient of the policy's weights goes to the gate.
  func executeBackward(
    _ dy: UnsafePointer<Float>, x: ConvolutionInput, clips n: Int,
    into dx: UnsafeMutablePointer<Float>
  ) {
    let df = workspace.computedGradient.floats(n * geometry.output.clipFloats)
    counter.profile.time(.cheapOperations) { mixBackward(dy, into: df, clips: n) }
    let computedGradients = groups.map { group in
      // A whole group's output is its `F`.
      group.isWhole
        ? gather(group, dy, floats: geometry.output.clipFloats) { _ in df + group.offset }
        : UnsafePointer(df + group.offset)
    }
    assignWeightGradients(x, computedGradients)
    for (group, gradient) in zip(groups, computedGradients) {
      propagate(group, gradient, into: dx)
    }
  }

  /// `∂L/∂F` of every mixed clip into `df`, the kernels' gradients, and the weights' `v`.
  private func mixBackward(
    _ dy: UnsafePointer<Float>, into df: UnsafeMutablePointer<Float>, clips n: Int
  ) {
    let clips = mixedClips()
    let shape = geometry.output
    let (st, sc) = (gate.space.temporalStrides.count, gate.space.channelCounts.count)
    let scratch = workspace.mixed.floats(clips.count * shape.clipFloats)
    let dz = workspace.mixedGradient.floats(clips.count * shape.clipFloats)
    let kernelCount = cheap.storedCount
    let kernels = workspace.kernelGradients.floats(max(clips.count, 1) * kernelCount)
    kernels.update(repeating: 0, count: max(clips.count, 1) * kernelCount)
    var weights = [Double](repeating: 0, count: clips.count * shape.blocks * (st + sc))
    weights.withUnsafeMutableBufferPointer { weights in
      let base = weights.baseAddress
      func gradients(_ i: Int) -> ClipMixing.Gradients {
        let temporal = base! + i * shape.blocks * (st + sc)
        return ClipMixing.Gradients(
          kernels: kernels + i * kernelCount, temporal: temporal,
          channel: temporal + shape.blocks * st)
      }
      Parallel.forEach(clips.count * shape.blocks) { item in
        let (i, block) = (item / shape.blocks, item % shape.blocks)
        let entry = clips[i]
        entry.mixing.temporalBackward(
          block: block, dy: dy + entry.clip * shape.clipFloats, f: entry.f,
          scratch: scratch + item * shape.blockFloats,
          dz: dz + i * shape.clipFloats + block * entry.mixing.computedBlockFloats,
          gradients: gradients(i))
      }
      Parallel.forEach(clips.count * shape.blocks) { item in
        let (i, block) = (item / shape.blocks, item % shape.blocks)
        let entry = clips[i]
        guard block < entry.mixing.computedBlocks else { return }
        entry.mixing.channelBackward(
          block: block, dz: dz + i * shape.clipFloats, f: entry.f,
          df: df + entry.offset + block * entry.mixing.computedBlockFloats,
          gradients: gradients(i))
      }
    }
    assignKernelGradients(kernels, clips: clips.count)
    gate.gradient.clear()
    for (i, entry) in clips.enumerated() {
      let start = i * shape.blocks * (st + sc)
      for block in 0..<shape.blocks {
        for a in 0..<st {
          gate.gradient.temporal[entry.clip * st + a] += Float(weights[start + block * st + a])
        }
        for b in 0..<sc {
          gate.gradient.channel[entry.clip * sc + b] +=
            Float(weights[start + shape.blocks * st + block * sc + b])
        }
      }
    }
  }

  /// Sums the clips' kernel gradients, always in the same order.
  private func assignKernelGradients(_ partial: UnsafeMutablePointer<Float>, clips: Int) {
    let count = cheap.storedCount
    for clip in 1..<max(clips, 1) { vk_add(partial, partial + clip * count, count) }
    var from = UnsafePointer(partial)
    for (b, kernel) in cheap.spatial.enumerated() {
      kernel?.gradient.update(from: from, count: cheap.spatialFloats(b))
      from += cheap.spatialFloats(b)
    }
    for (a, kernel) in cheap.temporal.enumerated() {
      kernel?.gradient.update(from: from, count: cheap.temporalFloats(a))
      from += cheap.temporalFloats(a)
    }
  }

  /// Adds `∂L/∂ρ · ∂ρ/∂v` for the normalised `v` (METHOD §3).
  private func addCost(_ costGradient: CostGradient, clips n: Int) {
    let (st, sc) = (gate.space.temporalStrides.count, gate.space.channelCounts.count)
    for clip in 0..<n {
      let cost = LayerCost(gate.policy, clip: clip, channels: geometry.outChannels)
      for a in 0..<st {
        gate.gradient.temporalCost[clip * st + a] +=
          costGradient[clip] * cost.channel / Float(gate.space.temporalStrides[a])
      }
      for b in 0..<sc {
        gate.gradient.channelCost[clip * sc + b] +=
          costGradient[clip] * cost.temporal * Float(gate.space.channelCounts[b])
          / Float(geometry.outChannels)
      }
    }
  }

  /// - Parameter df: `∂L/∂F` of each group.
  private func assignWeightGradients(_ x: ConvolutionInput, _ df: [UnsafePointer<Float>]) {
    let total = convolution.weightFloats(channels: geometry.outChannels)
    // The group with the most rows assigns, the others add.
    let ordered = zip(groups, df).sorted { $0.0.part.channels > $1.0.part.channels }
    for (i, (group, groupGradient)) in ordered.enumerated() {
      let outFloats = geometry.output(of: group.part).clipFloats
      for (j, clip) in group.clips.enumerated() {
        convolution.addToGradient(
          x.data + clip * geometry.input.clipFloats, groupGradient + j * outFloats)
      }
      convolution.backwardWeights(part: group.part, norm: x.norm, accumulate: i > 0)
      if i == 0 {
        let floats = convolution.weightFloats(channels: group.part.channels)
        (convolution.weight.gradient + floats).update(repeating: 0, count: total - floats)
      }
    }
  }

  private func propagate(
    _ group: Group, _ df: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>
  ) {
    let floats = geometry.input.clipFloats
    if let first = group.contiguousStart {
      convolution.backwardData(
        df, clips: group.clips.count, part: group.part, into: dx + first * floats)
      return
    }
    let target = workspace.gathered.floats(group.clips.count * floats)
    convolution.backwardData(df, clips: group.clips.count, part: group.part, into: target)
    for (i, clip) in group.clips.enumerated() {
      (dx + clip * floats).update(from: target + i * floats, count: floats)
    }
  }

  private func gatherInput(_ group: Group, _ x: UnsafePointer<Float>) -> UnsafePointer<Float> {
    gather(group, x, floats: geometry.input.clipFloats) { workspace.gathered.floats($0) }
  }

  /// The group's clips side by side: in place where they are already, else copied to the memory
  /// that `target` gives for that many floats.
  private func gather(
    _ group: Group, _ from: UnsafePointer<Float>, floats: Int,
    into target: (Int) -> UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    if let first = group.contiguousStart { return from + first * floats }
    let gathered = target(group.clips.count * floats)
    for (i, clip) in group.clips.enumerated() {
      (gathered + i * floats).update(from: from + clip * floats, count: floats)
    }
    return UnsafePointer(gathered)
  }
}
