// From the computed part F to the layer's output: Y = Σ_a v_t[a]·T_a(Σ_b v_c[b]·C_b(F)).

import CKernels

/// One clip's way from its compact `F [n_b*, T'/R*, H', W']` to `Y [K, T', H', W']` and back, set
/// for each step: plain values, so that nothing is looked up or retained for every plane.
///
/// Reduced channel counts are whole blocks of 16, so a channel and the one it is reconstructed from
/// have the same lane: both reconstructions are sums of whole planes, each one scaled or passed
/// through a depthwise 3×3 kernel. `Z` below is the inner sum, at the computed frames only.
struct ClipMixing: BitwiseCopyable {
  let output: ActivationShape
  /// Channel blocks of the output.
  let blocks: Int
  /// Floats of one plane.
  let planeFloats: Int
  /// `St` and `Sc`.
  let temporalCandidates: Int
  let channelCandidates: Int
  /// Whether `Y` is `F` itself.
  private(set) var isWhole = true
  /// The clip's compact `F`, unless it was computed in the place of `Y`.
  private(set) var computed: UnsafePointer<Float>?
  /// First float of it among the `F` of all clips.
  private(set) var offset = 0
  /// `⌈T'/R*⌉`, the computed frames.
  private(set) var computedFrames = 0
  /// Blocks of computed channels.
  private(set) var computedBlocks = 0
  /// Two blocks belong together where some candidate makes one of them from the other. Blocks that
  /// belong together are a *channel group*: group `g` of `channelGroups` has every
  /// `channelGroups`-th block from `g` on, and its `∂L/∂F` needs nothing but its own `∂L/∂Y`.
  private(set) var channelGroups = 0
  /// `R*`.
  private(set) var temporalStride = 1
  /// Those with a weight above zero.
  private(set) var temporal: UnsafeBufferPointer<TemporalCandidate>
  private(set) var channel: UnsafeBufferPointer<ChannelCandidate>
  /// Whether the gradients of a candidate's own weight are wanted (not where no gate learns from
  /// them, nor where the weight is alone in a group that sums to 1: it cannot change).
  private(set) var wantsTemporalWeightGradient = false
  private(set) var wantsChannelWeightGradient = false
  private let temporalMemory: UnsafeMutablePointer<TemporalCandidate>
  private let channelMemory: UnsafeMutablePointer<ChannelCandidate>

  /// A temporal candidate with a weight above zero.
  struct TemporalCandidate: BitwiseCopyable {
    let a: Int
    let weight: Float
    let stride: Int
    /// `φt_a`; nil for stride 1.
    let taps: UnsafePointer<Float>?
    /// First float of its kernels among all of the layer's.
    let kernels: Int
  }

  /// A channel candidate with a weight above zero.
  struct ChannelCandidate: BitwiseCopyable {
    let b: Int
    let weight: Float
    /// Channel blocks that it takes from `F`; it reconstructs the ones from there on.
    let blocks: Int
    /// `φs_b`; nil where nothing is reconstructed.
    let taps: UnsafePointer<Float>?
    let kernels: Int
  }

  /// - Parameters:
  ///   - temporal: memory for `St` candidates.
  ///   - channel: memory for `Sc` candidates.
  init(
    _ space: PolicySpace, output: ActivationShape,
    temporal: UnsafeMutablePointer<TemporalCandidate>,
    channel: UnsafeMutablePointer<ChannelCandidate>
  ) {
    self.output = output
    (blocks, planeFloats) = (output.blocks, output.planeFloats)
    (temporalCandidates, channelCandidates) = (
      space.temporalStrides.count, space.channelCounts.count
    )
    (temporalMemory, channelMemory) = (temporal, channel)
    self.temporal = UnsafeBufferPointer(start: temporal, count: 0)
    self.channel = UnsafeBufferPointer(start: channel, count: 0)
  }

  /// The clip's output is the convolution itself, `f`, or already in its place.
  mutating func setWhole(_ f: UnsafePointer<Float>?, offset: Int) {
    isWhole = true
    computed = f
    self.offset = offset
    computedFrames = output.frames
    computedBlocks = blocks
    channelGroups = blocks
  }

  /// The clip's output is mixed from its compact `F`, `f`.
  /// - Parameter learning: the form of the gate that learns from the weights' gradients; nil: none
  ///   does.
  mutating func set(
    _ policy: Policy, clip: Int, part: ConvolutionPart, learning: GateForm?,
    cheap: CheapOperations, _ f: UnsafePointer<Float>, offset: Int
  ) {
    isWhole = false
    computed = f
    self.offset = offset
    temporalStride = part.temporalStride
    computedFrames = (output.frames + part.temporalStride - 1) / part.temporalStride
    computedBlocks = ChannelBlock.count(part.channels)
    open(policy, clip: clip, cheap)
    wantsTemporalWeightGradient = learning == .published || learning != nil && temporal.count > 1
    wantsChannelWeightGradient = learning == .published || learning != nil && channel.count > 1
    // A block and the one it is made from are a multiple of the candidate's blocks apart.
    channelGroups = blocks
    for candidate in channel where candidate.blocks < blocks {
      channelGroups =
        channelGroups == blocks ? candidate.blocks : gcd(channelGroups, candidate.blocks)
    }
  }

  /// Takes the candidates with a weight above zero.
  private mutating func open(_ policy: Policy, clip: Int, _ cheap: CheapOperations) {
    var (kernels, count) = (0, 0)
    for (b, weight) in policy.channelWeights(clip).enumerated() {
      if weight > 0 {
        let candidate = ChannelCandidate(
          b: b, weight: weight, blocks: ChannelBlock.count(policy.space.channelCounts[b]),
          taps: UnsafePointer(cheap.spatial[b]?.value), kernels: kernels)
        (channelMemory + count).initialize(to: candidate)
        count += 1
      }
      kernels += cheap.spatialFloats(b)
    }
    channel = UnsafeBufferPointer(start: channelMemory, count: count)
    count = 0
    for (a, weight) in policy.temporalWeights(clip).enumerated() {
      if weight > 0 {
        let candidate = TemporalCandidate(
          a: a, weight: weight, stride: policy.space.temporalStrides[a],
          taps: UnsafePointer(cheap.temporal[a]?.value), kernels: kernels)
        (temporalMemory + count).initialize(to: candidate)
        count += 1
      }
      kernels += cheap.temporalFloats(a)
    }
    temporal = UnsafeBufferPointer(start: temporalMemory, count: count)
  }

  /// Floats of the compact `F` of one block.
  var computedBlockFloats: Int { computedFrames * planeFloats }

  /// Where in `F` a computed frame of a block begins.
  func floats(_ block: Int, _ frame: Int) -> Int {
    block * computedBlockFloats + frame * planeFloats
  }

  /// The blocks in an order that puts those side by side that are made from the same computed
  /// block.
  func block(at position: Int) -> Int {
    guard !isWhole, computedBlocks < blocks else { return position }
    let (sets, longer) = (blocks / computedBlocks, blocks % computedBlocks)
    // The first `longer` computed blocks have `sets + 1` blocks each, the others `sets`.
    let head = longer * (sets + 1)
    if position < head {
      return position / (sets + 1) + position % (sets + 1) * computedBlocks
    }
    return longer + (position - head) / sets + (position - head) % sets * computedBlocks
  }

  /// Whether `Y` is `Z`, and no weight along time learns.
  var isTemporalIdentity: Bool {
    isWhole
      || temporal.count == 1 && temporal[0].stride == 1 && temporal[0].weight == 1
        && !wantsTemporalWeightGradient
  }

  /// Whether `Z` is `F`, and no weight along channels learns.
  var isChannelIdentity: Bool {
    isWhole
      || channel.count == 1 && channel[0].blocks == blocks && channel[0].weight == 1
        && !wantsChannelWeightGradient
  }

  var f: UnsafePointer<Float> {
    guard let computed else { preconditionFailure("a clip is mixed before it was convolved") }
    return computed
  }

  // MARK: Planes and kernels

  /// Where in the `Z` of the span that begins with `first` frame `t` of the output comes from.
  func source(_ t: Int, _ candidate: TemporalCandidate, from first: Int) -> Int {
    (t / candidate.stride * candidate.stride - first) / temporalStride * planeFloats
  }

  /// Blocks that a candidate reconstructs from `block`.
  func targets(of block: Int, _ candidate: ChannelCandidate) -> StrideTo<Int> {
    stride(from: block + candidate.blocks, to: blocks, by: candidate.blocks)
  }

  func spatialTaps(_ candidate: ChannelCandidate, _ block: Int) -> UnsafePointer<Float>? {
    candidate.taps.map { $0 + block * CheapOperations.blockFloats }
  }

  func temporalOffset(_ offset: Int, _ block: Int) -> Int {
    ((offset - 1) * blocks + block) * CheapOperations.blockFloats
  }

  func temporalTaps(
    _ candidate: TemporalCandidate, _ offset: Int, _ block: Int
  ) -> UnsafePointer<Float>? {
    candidate.taps.map { $0 + temporalOffset(offset, block) }
  }

  /// Room for the terms of a plane: at most `Σ_a 2^a` of them, with four candidates at most.
  func withTerms<Result>(_ body: (inout PlaneTerms) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: vared_term.self, capacity: 32) {
      var terms = PlaneTerms(memory: $0)
      return body(&terms)
    }
  }

  /// `plane = Σ terms`, and no terms are left.
  func mix(
    _ terms: inout PlaneTerms, into plane: UnsafeMutablePointer<Float>, block: Int,
    transposed: Bool = false
  ) {
    if terms.count == 0 { plane.update(repeating: 0, count: planeFloats) }
    terms.record(elements: elements(block))
    add(terms, into: plane, transposed: transposed)
    terms.removeAll()
  }

  func add(
    _ terms: PlaneTerms, into plane: UnsafeMutablePointer<Float>,
    transposed: Bool = false
  ) {
    var mixing = terms.mixing(output, transposed: transposed)
    ChannelBlock.kernels.mix_plane(&mixing, plane)
  }
}

private func gcd(_ a: Int, _ b: Int) -> Int { b == 0 ? a : gcd(b, a % b) }
