// The dynamic convolution (METHOD §1): per clip, only the part that its gate asks for.

import CKernels

/// A convolution whose output is computed in part and reconstructed for the rest, clip by clip:
/// `Y = Σ_a v_t[a]·T_a(Σ_b v_c[b]·C_b(F))` with `v` from a soft modulation gate on its input.
///
/// Clips of a batch that need the same part are convolved together, where they lie or copied side by
/// side; what no clip of such a group needs is neither convolved nor differentiated, in training and in
/// inference alike. The output is made a channel block at a time, as whoever reads it goes along, and its
/// gradient a few frames of blocks that are made from one another at a time: while they are in the caches.
final class DynamicConvolution {
  let convolution: Convolution
  let gate: SoftModulationGate
  let cheap: CheapOperations
  /// What decides.
  var source = PolicySource.gates
  /// Bytes of a clip's input from which on copying a group's clips together costs more than convolving
  /// them apart.
  var uncopiedBytes = 512 << 10
  /// What a draw chooses among.
  let pairs: CandidatePairs
  private let shares: CandidateShares
  private let costForm: CostForm
  private let workspace: Workspace
  private let counter: ExecutionCounter
  private let computed: FloatBuffer
  private var clipGroups: ClipGroups
  private let mixings: ClipMixings
  private let account: OperationAccount
  /// `∂L/∂v_t [n, blocks, St]`, then `∂L/∂v_c [n, blocks, Sc]`.
  private var weightGradients: [Double]
  /// How many columns of gradients the clips before each have.
  private var firstColumns: [Int]

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
    pairs = CandidatePairs(space, geometry: geometry, name: name)
    shares = CandidateShares(space, channels: output.channels)
    costForm = configuration.cost
    convolution = Convolution(
      geometry, name: name, parameters: parameters, counter: counter,
      workspace: workspace)
    let cheap = CheapOperations(
      space, channels: output.channels, name: name, parameters: parameters)
    self.cheap = cheap
    gate = SoftModulationGate(
      space, input: geometry.input, batch: batch, configuration: configuration,
      name: "\(name).gate", parameters: parameters, counter: counter, reducer: reducer)
    computed = FloatBuffer(batch * output.clipFloats)
    clipGroups = ClipGroups(batch: batch, space: space)
    account = counter.open("\(name).phi", .cheapOperations, output: output)
    mixings = ClipMixings(space, output: output, batch: batch)
    weightGradients = [Double](
      repeating: 0, count: batch * output.blocks * space.candidates)
    firstColumns = [Int](repeating: 0, count: batch + 1)
  }

  private var geometry: ConvolutionGeometry { convolution.geometry }

  /// Whether some clip of the last forward pass is mixed.
  private(set) var mixes = false

  // MARK: Forward

  /// Asks the gate and convolves the parts that it wants of `n` clips. What the output is then can be
  /// had block by block from `output`.
  /// - Parameter y: `[n, K, T', H', W']`; clips that are computed whole are written there, but for
  ///   those that were copied together.
  func forward(
    _ x: Activation, clips n: Int, training: Bool, into y: UnsafeMutablePointer<Float>
  ) throws {
    try counter.profile.time(.gates) { try decide(x, clips: n, training: training) }
    execute(x, clips: n, into: y)
  }

  /// Sets the policy of `n` clips.
  private func decide(_ x: Activation, clips n: Int, training: Bool) throws {
    switch source {
    case .gates: try gate.forward(x, count: n, training: training)
    case .frozenGates: try gate.forward(x, count: n, training: false)
    case .fixed(let temporal, let channel):
      for clip in 0..<n { gate.policy.take(temporal, channel, clip: clip) }
    case .drawn(let draws):
      for clip in 0..<n {
        guard let key = draws.keys[clip] else {
          gate.policy.take(0, 0, clip: clip)
          continue
        }
        let pair = pairs.draw(key: key, tilt: draws.tilt)
        gate.policy.take(pair.temporal, pair.channel, clip: clip)
      }
    }
  }

  /// Whether the policy is the gate's.
  var asksGate: Bool {
    switch source {
    case .gates, .frozenGates: true
    case .fixed, .drawn: false
    }
  }

  /// The differentiable cost of clip `clip` of the last forward pass.
  func cost(clip: Int) -> LayerCost {
    LayerCost(gate.policy, clip: clip, shares: shares, form: costForm)
  }

  /// The convolutions that the gate's policy asks for.
  func execute(_ x: Activation, clips n: Int, into y: UnsafeMutablePointer<Float>) {
    clipGroups.assign(gate.policy, clips: n, geometry: geometry)
    mixes = false
    for group in clipGroups.groups {
      if staysInPlace(group) {
        executeInPlace(group, x.data, into: y)
      } else {
        convolution.forward(
          gatherInput(group, x.data), clips: group.places.count, part: group.part,
          into: computed.base + group.offset)
      }
      plan(group)
    }
  }

  /// Whether the group's clips are convolved where they lie or copied together first.
  private func staysInPlace(_ group: ClipGroups.Group) -> Bool {
    group.isContiguous
      || geometry.input.clipFloats * MemoryLayout<Float>.stride >= uncopiedBytes
  }

  private func executeInPlace(
    _ group: ClipGroups.Group, _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>
  ) {
    let (inFloats, outFloats) = (geometry.input.clipFloats, geometry.output.clipFloats)
    let floats = geometry.output(of: group.part).clipFloats
    clipGroups.forEachRun(of: group) { run in
      let clip = clipGroups.order[run.lowerBound]
      let compact = group.offset + (run.lowerBound - group.places.lowerBound) * floats
      convolution.forward(
        x + clip * inFloats, clips: run.count, part: group.part,
        into: group.isWhole ? y + clip * outFloats : computed.base + compact)
    }
  }

  /// Sets how the group's clips come by their outputs.
  private func plan(_ group: ClipGroups.Group) {
    let floats = geometry.output(of: group.part).clipFloats
    for (i, place) in group.places.enumerated() {
      let clip = clipGroups.order[place]
      let offset = group.offset + i * floats
      if group.isWhole {
        mixings.clips[clip].setWhole(
          staysInPlace(group) ? nil : computed.base + offset, offset: offset)
        continue
      }
      mixes = true
      mixings.clips[clip].set(
        gate.policy, clip: clip, part: group.part, form: gate.form, cheap: cheap,
        computed.base + offset, offset: offset)
    }
  }

  /// The output of the last forward pass, to be read item by item.
  /// - Parameter y: what `forward` wrote to.
  func output(in y: UnsafePointer<Float>) -> MixedOutput {
    MixedOutput(
      mixings, geometry.output, in: y,
      scratch: threadsScratch(),
      scratchFloats: scratchFloats, account: account)
  }

  /// `scratchFloats` for every thread.
  private func threadsScratch() -> UnsafeMutablePointer<Float> {
    workspace.mixed.floats(Parallel.threads * scratchFloats)
  }

  private var scratchFloats: Int { ClipMixing.scratchFloats(geometry.output, gate.space) }

  // MARK: Backward

  /// Gradients of all parameters and of the input, assigned. The input's gradient is
  /// `dx + dMeans` (the latter for every pixel of a frame).
  /// - Parameters:
  ///   - costGradient: `∂L/∂ρ` for each clip (METHOD §3); nil leaves the cost out.
  ///   - df: memory for `∂L/∂F` of all clips.
  func backward(
    _ dy: some OutputGradient, x: ConvolutionInput, clips n: Int, costGradient: CostGradient?,
    computed df: UnsafeMutablePointer<Float>, into dx: UnsafeMutablePointer<Float>,
    dMeans: UnsafeMutablePointer<Float>
  ) throws {
    executeBackward(dy, x: x, clips: n, computed: df, into: dx)
    // A policy that the gate does not learn from sends no gradient through it.
    guard source == .gates else { return gate.clearGradients(dMeans, count: n) }
    if let costGradient {
      for clip in 0..<n { gate.addCost(cost(clip: clip), clip: clip, gradient: costGradient[clip]) }
    }
    try counter.profile.time(.gates) {
      try gate.backward(count: n, x: x, into: dMeans, dx: dx)
    }
  }

  /// Backward of `execute`: `dx` and the gradients of the weights and of the cheap operations,
  /// assigned; the gradient of the policy's weights goes to the gate.
  func executeBackward(
    _ dy: some OutputGradient, x: ConvolutionInput, clips n: Int,
    computed df: UnsafeMutablePointer<Float>, into dx: UnsafeMutablePointer<Float>
  ) {
    counter.profile.time(mixes ? .cheapOperations : .batchNorm) {
      mixBackward(dy, into: df, clips: n)
    }
    assignWeightGradients(x, df)
    for group in clipGroups.groups { propagate(group, df + group.offset, into: dx) }
  }

  /// `∂L/∂F` of every clip into `df`, the kernels' gradients, and the weights' `v`: column by column of every
  /// clip, block by block where it is whole.
  private func mixBackward(
    _ dy: some OutputGradient, into df: UnsafeMutablePointer<Float>, clips n: Int
  ) {
    let (shape, blocks, scratchFloats) = (geometry.output, geometry.output.blocks, scratchFloats)
    let scratch = threadsScratch()
    let kernelFloats = cheap.storedCount
    let kernels = workspace.kernelGradients.floats(n * kernelFloats)
    kernels.update(repeating: 0, count: n * kernelFloats)
    let space = gate.space
    let streamed = shape.isBeyondCaches(clips: n)
    let mixings = UnsafePointer(mixings.clips.baseAddress!)
    for clip in 0..<n { firstColumns[clip + 1] = firstColumns[clip] + mixings[clip].columns }
    weightGradients.withUnsafeMutableBufferPointer { weights in
      let weights = weights.baseAddress!
      weights.update(repeating: 0, count: n * blocks * space.candidates)
      firstColumns.withUnsafeBufferPointer { firstColumns in
        Parallel.forEach(firstColumns[n]) { item in
          var clip = 0
          while firstColumns[clip + 1] <= item { clip += 1 }
          let column = item - firstColumns[clip]
          let df = df + mixings[clip].offset
          guard !mixings[clip].isWhole else {
            return dy.write(
              clip * blocks + column, frames: 0..<shape.frames,
              into: df + column * shape.blockFloats, streamed: streamed)
          }
          let temporal = weights + clip * blocks * space.candidates
          mixings[clip].backward(
            column: column, scratch: scratch + Parallel.thread * scratchFloats, df: df,
            gradients: ClipMixing.Gradients(
              kernels: kernels + clip * kernelFloats, temporal: temporal,
              channel: temporal + blocks * space.temporalStrides.count)
          ) { block, frames, gradient in
            dy.write(clip * blocks + block, frames: frames, into: gradient, streamed: false)
          }
        }
      }
    }
    assignKernelGradients(kernels, clips: n)
    assignPolicyGradients(clips: n)
  }

  /// Sums the clips' kernel gradients, always in the same order.
  private func assignKernelGradients(_ partial: UnsafeMutablePointer<Float>, clips: Int) {
    let count = cheap.storedCount
    for clip in 1..<max(clips, 1) where !mixings.clips[clip].isWhole {
      vared_add(partial, partial + clip * count, count)
    }
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

  /// Sums the policy's gradients over the blocks, into the gate.
  private func assignPolicyGradients(clips n: Int) {
    let (st, sc) = (gate.space.temporalStrides.count, gate.space.channelCounts.count)
    let blocks = geometry.output.blocks
    gate.gradient.clear()
    for clip in 0..<n where !mixings.clips[clip].isWhole {
      let start = clip * blocks * (st + sc)
      for block in 0..<blocks {
        for a in 0..<st {
          gate.gradient.temporal[clip * st + a] += Float(weightGradients[start + block * st + a])
        }
        for b in 0..<sc {
          gate.gradient.channel[clip * sc + b] += Float(
            weightGradients[start + blocks * st + block * sc + b])
        }
      }
    }
  }

  /// - Parameter df: `∂L/∂F`, group after group.
  private func assignWeightGradients(_ x: ConvolutionInput, _ df: UnsafePointer<Float>) {
    guard let widest = clipGroups.widest else { return }
    // The group with the most rows assigns, the others add.
    addWeightGradient(clipGroups.groups[widest], x, df, accumulate: false)
    let computed = convolution.weightFloats(channels: clipGroups.groups[widest].part.channels)
    let total = convolution.weightFloats(channels: geometry.outChannels)
    (convolution.weight.gradient + computed).update(repeating: 0, count: total - computed)
    for (i, group) in clipGroups.groups.enumerated() where i != widest {
      addWeightGradient(group, x, df, accumulate: true)
    }
  }

  private func addWeightGradient(
    _ group: ClipGroups.Group, _ x: ConvolutionInput, _ df: UnsafePointer<Float>, accumulate: Bool
  ) {
    for place in group.places {
      let clip = clipGroups.order[place]
      convolution.addToGradient(
        x.data + clip * geometry.input.clipFloats, df + mixings.clips[clip].offset)
    }
    convolution.backwardWeights(part: group.part, affine: x.affine, accumulate: accumulate)
  }

  private func propagate(
    _ group: ClipGroups.Group, _ df: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>
  ) {
    let (floats, count) = (geometry.input.clipFloats, group.places.count)
    if staysInPlace(group) {
      let partFloats = geometry.output(of: group.part).clipFloats
      return clipGroups.forEachRun(of: group) { run in
        convolution.backwardData(
          df + (run.lowerBound - group.places.lowerBound) * partFloats, clips: run.count,
          part: group.part, into: dx + clipGroups.order[run.lowerBound] * floats)
      }
    }
    let target = workspace.gathered.floats(count * floats)
    convolution.backwardData(df, clips: count, part: group.part, into: target)
    for (i, place) in group.places.enumerated() {
      (dx + clipGroups.order[place] * floats).update(from: target + i * floats, count: floats)
    }
  }

  /// The group's clips copied side by side.
  private func gatherInput(
    _ group: ClipGroups.Group, _ x: UnsafePointer<Float>
  ) -> UnsafePointer<Float> {
    let floats = geometry.input.clipFloats
    let gathered = workspace.gathered.floats(group.places.count * floats)
    for (i, place) in group.places.enumerated() {
      (gathered + i * floats).update(from: x + clipGroups.order[place] * floats, count: floats)
    }
    return UnsafePointer(gathered)
  }
}
