// The dynamic convolution (METHOD §1): per clip, only the part that its gate asks for.

import CKernels

/// A convolution whose output is computed in part and reconstructed for the rest, clip by clip:
/// `Y = Σ_a v_t[a]·T_a(Σ_b v_c[b]·C_b(F))` with `v` from a soft modulation gate on its input.
///
/// Clips of a batch that need the same part are convolved together, where they lie or copied side
/// by side; what no clip of such a group needs is neither convolved nor differentiated, in training
/// and in inference alike. The output is made a channel block at a time, as its reader goes along,
/// and its gradient a few frames of blocks that are made from one another at a time: while they are
/// in the caches.
final class DynamicConvolution {
  /// Dense or depthwise.
  let convolution: any PartialConvolution
  let gate: SoftModulationGate
  let cheap: CheapOperations
  /// What decides.
  var source = PolicySource.gates
  /// `w_l`: the layer's share of the full MACs of all dynamic layers; set when all are known.
  var share = 0.0
  /// Its share of what the loss charges for; set when all layers are known.
  var costTerms = CostTerms()
  /// How long its unit and its gate take, while that is measured.
  let clock = LayerClock()
  /// Bytes of a clip's input from which on copying a group's clips together costs more than
  /// convolving them apart.
  var uncopiedBytes = 512 << 10
  /// What a draw chooses among.
  let pairs: CandidatePairs
  private let shares: CandidateShares
  private let costForm: CostForm
  let workspace: Workspace
  let counter: ExecutionCounter
  private let computed: FloatBuffer
  private(set) var clipGroups: ClipGroups
  let mixings: ClipMixings
  private let operations: OperationRecord
  let mixingGradients: MixingGradients

  /// - Parameters:
  ///   - space: the candidates.
  ///   - seconds: what they take; nil: costs are MACs.
  init(
    _ geometry: ConvolutionGeometry, space: PolicySpace, seconds: LayerSeconds? = nil,
    name: String, configuration: DynamicConfiguration, context: LayerContext
  ) {
    workspace = context.workspace
    counter = context.counter
    let batch = context.batch
    let output = geometry.output
    pairs = CandidatePairs(
      space, geometry: geometry, name: name, seconds: seconds.map { Array($0.shares.joined()) })
    shares =
      seconds.map { .measured($0.shares.map { SIMD4($0.map { Float($0) }) }) }
      ?? CandidateShares(space, channels: output.channels)
    costForm = configuration.cost
    convolution = geometry.layer(name: name, context: context)
    cheap = CheapOperations(space, channels: output.channels, name: name, context: context)
    gate = SoftModulationGate(
      space, input: geometry.input, configuration: configuration, name: "\(name).gate",
      context: context)
    computed = FloatBuffer(batch * output.clipFloats)
    clipGroups = ClipGroups(batch: batch, space: space)
    operations = counter.addRecord("\(name).phi", .cheapOperations, output: output)
    mixings = ClipMixings(space, output: output, batch: batch)
    mixingGradients = MixingGradients(
      batch: batch, blocks: output.blocks, candidates: space.candidates)
    if !convolution.gainsFromCompany { uncopiedBytes = 0 }
  }

  var geometry: ConvolutionGeometry { convolution.geometry }

  /// Whether some clip of the last forward pass is mixed.
  private(set) var mixes = false

  /// Asks the gate and convolves the parts that it wants. What the output is then can be had block
  /// by block from `output`.
  /// - Parameter y: `[n, K, T', H', W']`; clips that are computed whole are written there, but for
  ///   those that were copied together.
  func forward(_ x: FeatureMap, training: Bool, into y: MutableBlockedClips) throws {
    try counter.profile.time(.gates) {
      try clock.timeGate { try decide(x, clips: y.count, training: training) }
    }
    execute(x, into: y)
  }

  /// Sets the policy of `n` clips.
  private func decide(_ x: FeatureMap, clips n: Int, training: Bool) throws {
    switch source {
    case .gates: try gate.forward(x, count: n, training: training)
    case .frozenGates: try gate.forward(x, count: n, training: false)
    case .fixed(let temporal, let channel):
      let (a, b) = (gate.space.temporalIndex(temporal), gate.space.channelIndex(channel))
      for clip in 0..<n { gate.policy.take(a, b, clip: clip) }
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

  /// What clip `clip` of the last forward pass takes of the layer's seconds, with one candidate an
  /// axis open; nil where costs are MACs.
  func measuredRatio(clip: Int) -> Double? {
    let chosen = gate.policy.chosen(clip)
    return pairs.secondsRatio(temporal: chosen.temporal, channel: chosen.channel)
  }

  /// The convolutions that the gate's policy asks for.
  func execute(_ x: FeatureMap, into y: MutableBlockedClips) {
    let x = x.clips(y.count)
    clipGroups.assign(gate.policy, clips: y.count, geometry: geometry)
    mixes = false
    for group in clipGroups.groups {
      if staysInPlace(group) {
        executeInPlace(group, x, into: y)
      } else {
        convolution.forward(
          clipGroups.gather(group, x, into: workspace.gathered), part: group.part,
          into: compact(group, in: computed.base))
      }
      plan(group)
    }
  }

  /// The group's part of its clips' outputs, side by side, in memory for all clips.
  func compact(
    _ group: ClipGroups.Group, in memory: UnsafeMutablePointer<Float>
  ) -> MutableBlockedClips {
    MutableBlockedClips(
      memory + group.offset, geometry.output(of: group.part), count: group.places.count)
  }

  /// Whether the group's clips are convolved where they lie or copied together first.
  func staysInPlace(_ group: ClipGroups.Group) -> Bool {
    group.isContiguous
      || geometry.input.clipFloats * MemoryLayout<Float>.stride >= uncopiedBytes
  }

  private func executeInPlace(
    _ group: ClipGroups.Group, _ x: BlockedClips, into y: MutableBlockedClips
  ) {
    let compact = compact(group, in: computed.base)
    clipGroups.forEachRun(of: group) { run in
      let (clip, n) = (clipGroups.order[run.lowerBound], run.count)
      convolution.forward(
        x.clips(from: clip, n), part: group.part,
        into: group.isWhole
          ? y.clips(from: clip, n)
          : compact.clips(from: run.lowerBound - group.places.lowerBound, n))
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
        gate.policy, clip: clip, part: group.part,
        learning: source == .gates ? gate.form : nil, cheap: cheap, computed.base + offset,
        offset: offset)
    }
  }

  /// The output of the last forward pass, to be read item by item.
  /// - Parameter y: what `forward` wrote to.
  func output(in y: BlockedClips) -> MixedOutput {
    MixedOutput(
      mixings, in: y, scratch: threadsScratch(), scratchFloats: scratchFloats,
      operations: operations)
  }

  /// `scratchFloats` for every thread.
  func threadsScratch() -> UnsafeMutablePointer<Float> {
    workspace.mixed.floats(Parallel.threads * scratchFloats)
  }

  var scratchFloats: Int { ClipMixing.scratchFloats(geometry.output, gate.space) }
}
