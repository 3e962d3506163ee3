// From the computed part F to the layer's output: Y = Σ_a v_t[a]·T_a(Σ_b v_c[b]·C_b(F)).

import CKernels

/// One clip's way from its compact `F [n_b*, T'/R*, H', W']` to `Y [K, T', H', W']` and back, planned
/// once and set for each step.
///
/// Reduced channel counts are whole blocks of 16, so a channel and the one it is reconstructed from
/// have the same lane: both reconstructions are sums of whole planes, each one scaled or passed
/// through a depthwise 3×3 kernel. `Z` below is the inner sum, at the computed frames only.
final class ClipMixing {
  let output: ActivationShape
  let space: PolicySpace
  private let cheap: CheapOperations
  private let account: OperationAccount
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
  /// Two blocks are tied where some candidate makes one of them from the other. Tied blocks make up a column:
  /// column `c` of `columns` has every `columns`-th block from `c` on, and its `∂L/∂F` needs nothing but its
  /// own `∂L/∂Y`.
  private(set) var columns = 0
  var part: ConvolutionPart
  var temporal: [TemporalCandidate] = []
  var channel: [ChannelCandidate] = []
  /// Whether the gradients of a candidate's own weight are wanted (not where the weight is alone in
  /// a normalised group: it cannot change).
  var wantsTemporalWeightGradient = false
  var wantsChannelWeightGradient = false

  /// A temporal candidate with a weight above zero.
  struct TemporalCandidate {
    let a: Int
    let weight: Float
    let stride: Int
    /// First float of its kernels among all of the layer's.
    let kernels: Int
  }

  /// A channel candidate with a weight above zero.
  struct ChannelCandidate {
    let b: Int
    let weight: Float
    /// Channel blocks that it takes from `F`; it reconstructs the ones from there on.
    let blocks: Int
    let kernels: Int
  }

  /// - Parameter account: where forward is booked.
  init(
    _ space: PolicySpace, output: ActivationShape, cheap: CheapOperations,
    account: OperationAccount
  ) {
    self.account = account
    self.space = space
    self.output = output
    self.cheap = cheap
    part = ConvolutionPart(channels: output.channels, temporalStride: 1)
    temporal.reserveCapacity(space.temporalStrides.count)
    channel.reserveCapacity(space.channelCounts.count)
  }

  /// The clip's output is the convolution itself, `f`, or already in its place.
  func setWhole(_ f: UnsafePointer<Float>?, offset: Int) {
    isWhole = true
    computed = f
    self.offset = offset
    computedFrames = output.frames
    computedBlocks = output.blocks
    columns = output.blocks
  }

  /// The clip's output is mixed from its compact `F`, `f`.
  func set(
    _ policy: Policy, clip: Int, part: ConvolutionPart, form: GateForm, _ f: UnsafePointer<Float>,
    offset: Int
  ) {
    isWhole = false
    computed = f
    self.offset = offset
    self.part = part
    computedFrames = (output.frames + part.temporalStride - 1) / part.temporalStride
    computedBlocks = ChannelBlock.count(part.channels)
    channel.removeAll(keepingCapacity: true)
    temporal.removeAll(keepingCapacity: true)
    var kernels = 0
    for (b, weight) in policy.channelWeights(clip).enumerated() {
      if weight > 0 {
        let blocks = ChannelBlock.count(space.channelCounts[b])
        channel.append(ChannelCandidate(b: b, weight: weight, blocks: blocks, kernels: kernels))
      }
      kernels += cheap.spatialFloats(b)
    }
    for (a, weight) in policy.temporalWeights(clip).enumerated() {
      if weight > 0 {
        temporal.append(
          TemporalCandidate(
            a: a, weight: weight, stride: space.temporalStrides[a], kernels: kernels))
      }
      kernels += cheap.temporalFloats(a)
    }
    wantsTemporalWeightGradient = form == .published || temporal.count > 1
    wantsChannelWeightGradient = form == .published || channel.count > 1
    // A block and the one it is made from are a multiple of the candidate's blocks apart.
    columns = output.blocks
    for candidate in channel where candidate.blocks < output.blocks {
      columns = columns == output.blocks ? candidate.blocks : gcd(columns, candidate.blocks)
    }
  }

  /// Floats of the compact `F` of one block.
  private var computedBlockFloats: Int { computedFrames * output.planeFloats }

  /// Where in `F` a computed frame of a block begins.
  func floats(_ block: Int, _ frame: Int) -> Int {
    block * computedBlockFloats + frame * output.planeFloats
  }

  /// The blocks in an order that puts those side by side that are made from the same computed block.
  func block(at position: Int) -> Int {
    guard !isWhole, computedBlocks < output.blocks else { return position }
    let (sets, longer) = (output.blocks / computedBlocks, output.blocks % computedBlocks)
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
      || channel.count == 1 && channel[0].blocks == output.blocks && channel[0].weight == 1
        && !wantsChannelWeightGradient
  }

  var lanes: Int32 { Int32(ChannelBlock.lanes) }

  var f: UnsafePointer<Float> {
    guard let computed else { preconditionFailure("a clip is mixed before it was convolved") }
    return computed
  }

  // MARK: Forward

  /// Frames that are mixed together, from one that all candidates compute to the next: few enough for
  /// the caches, however long the clip.
  var span: Int { max(part.temporalStride, temporal.last?.stride ?? 1) }

  /// `Y` of one channel block, run of frames after run of frames, each wherever it is found or made.
  /// - Parameter scratch: memory for two spans.
  func forEachRun(
    block: Int, scratch: UnsafeMutablePointer<Float>,
    _ body: (Range<Int>, UnsafePointer<Float>) -> Void
  ) {
    forEachPlane(block: block, scratch: scratch, ready: body) { frame, terms, plane in
      add(terms, into: plane)
      body(frame..<frame + 1, plane)
    }
  }

  /// The same, but what is not there yet is left to the caller to add up.
  /// - Parameters:
  ///   - ready: takes frames as they are.
  ///   - sum: takes a frame as its terms, one at least, with memory for the plane.
  func forEachPlane(
    block: Int, scratch: UnsafeMutablePointer<Float>,
    ready: (Range<Int>, UnsafePointer<Float>) -> Void,
    sum: (Int, PlaneTerms, UnsafeMutablePointer<Float>) -> Void
  ) {
    if isTemporalIdentity, isOwn(block) {
      return ready(0..<output.frames, f + block * computedBlockFloats)
    }
    let plane = scratch + spanFloats
    withTerms(bookingFor: block) { terms in
      for first in stride(from: 0, to: output.frames, by: span) {
        // Where every frame is taken as it is, nobody else reads what the channels add up to.
        let z =
          isTemporalIdentity
          ? nil : channelSum(block: block, from: first, scratch: scratch, &terms)
        for t in first..<min(first + span, output.frames) {
          if let z {
            appendFrames(t, of: z, from: first, block, &terms)
          } else {
            appendChannels(block, frame: t, &terms)
          }
          if terms.count == 0 { plane.update(repeating: 0, count: output.planeFloats) }
          if let copy = terms.count == 0 ? UnsafePointer(plane) : terms.copy {
            ready(t..<t + 1, copy)
          } else {
            book(terms, block: block)
            sum(t, terms, plane)
          }
          terms.removeAll()
        }
      }
    }
  }

  /// The terms of frame `t` of `Y`, from the `Z` of its span.
  private func appendFrames(
    _ t: Int, of z: UnsafePointer<Float>, from first: Int, _ block: Int, _ terms: inout PlaneTerms
  ) {
    for candidate in temporal {
      terms.append(
        z + source(t, candidate, from: first), weight: candidate.weight,
        taps: t % candidate.stride == 0
          ? nil : temporalTaps(candidate, t % candidate.stride, block))
    }
  }

  /// The terms of a computed frame of `Z`.
  private func appendChannels(_ block: Int, frame: Int, _ terms: inout PlaneTerms) {
    for candidate in channel {
      let isOwn = block < candidate.blocks
      terms.append(
        f + floats(block % candidate.blocks, frame), weight: candidate.weight,
        taps: isOwn ? nil : spatialTaps(candidate, block - candidate.blocks))
    }
  }

  /// Whether the block's `Z` is its `F`.
  private func isOwn(_ block: Int) -> Bool {
    var scale: Float = 0
    for candidate in channel {
      guard block < candidate.blocks else { return false }
      scale += candidate.weight
    }
    return scale.isOne
  }

  /// `Z` of one block at the computed frames of the span that begins with frame `first`: `F` itself
  /// where that is all there is to it, else computed into `scratch`.
  func channelSum(
    block: Int, from first: Int, scratch: UnsafeMutablePointer<Float>, _ terms: inout PlaneTerms
  ) -> UnsafePointer<Float> {
    let start = first / part.temporalStride
    if isOwn(block) { return UnsafePointer(f + floats(block, start)) }
    for j in 0..<min(span / part.temporalStride, computedFrames - start) {
      appendChannels(block, frame: start + j, &terms)
      mix(&terms, into: scratch + j * output.planeFloats)
    }
    return UnsafePointer(scratch)
  }

  /// Floats of scratch memory that a thread needs: a span of one block twice, and in backward one of `∂L/∂Z`
  /// of every block.
  static func scratchFloats(_ output: ActivationShape, _ space: PolicySpace) -> Int {
    let span = min(output.frames, space.temporalStrides.last ?? 1)
    return (2 + output.blocks) * span * output.planeFloats
  }

  /// Floats of a span of one block.
  var spanFloats: Int { min(output.frames, span) * output.planeFloats }

  // MARK: Planes and kernels

  /// Where in the `Z` of the span that begins with `first` frame `t` of the output comes from.
  func source(_ t: Int, _ candidate: TemporalCandidate, from first: Int) -> Int {
    (t / candidate.stride * candidate.stride - first) / part.temporalStride * output.planeFloats
  }

  /// Blocks that a candidate reconstructs from `block`.
  func targets(of block: Int, _ candidate: ChannelCandidate) -> StrideTo<Int> {
    stride(from: block + candidate.blocks, to: output.blocks, by: candidate.blocks)
  }

  func spatialTaps(_ candidate: ChannelCandidate, _ block: Int) -> UnsafePointer<Float>? {
    cheap.spatial[candidate.b].map {
      UnsafePointer($0.value + block * CheapOperations.blockFloats)
    }
  }

  func temporalOffset(_ offset: Int, _ block: Int) -> Int {
    ((offset - 1) * output.blocks + block) * CheapOperations.blockFloats
  }

  func temporalTaps(
    _ candidate: TemporalCandidate, _ offset: Int, _ block: Int
  ) -> UnsafePointer<Float>? {
    cheap.temporal[candidate.a].map { UnsafePointer($0.value + temporalOffset(offset, block)) }
  }

  /// Room for the terms of a plane: at most `Σ_a 2^a` of them, with four candidates at most.
  func withTerms(bookingFor block: Int? = nil, _ body: (inout PlaneTerms) -> Void) {
    withUnsafeTemporaryAllocation(of: vk_term.self, capacity: 32) {
      var terms = PlaneTerms(memory: $0, booked: block)
      body(&terms)
    }
  }

  /// `plane = Σ terms`, and no terms are left.
  func mix(
    _ terms: inout PlaneTerms, into plane: UnsafeMutablePointer<Float>, transposed: Bool = false
  ) {
    if terms.count == 0 { plane.update(repeating: 0, count: output.planeFloats) }
    if let block = terms.booked { book(terms, block: block) }
    add(terms, into: plane, transposed: transposed)
    terms.removeAll()
  }

  private func add(
    _ terms: PlaneTerms, into plane: UnsafeMutablePointer<Float>, transposed: Bool = false
  ) {
    vk_mix_plane(
      lanes, plane, Int32(output.height), Int32(output.width), terms.memory.baseAddress,
      Int32(terms.count), transposed)
  }

  /// Books one plane: two operations for each term of an element, and the kernels.
  private func book(_ terms: PlaneTerms, block: Int) {
    let lanes = ChannelBlock.lanes
    let elements = min(lanes, output.channels - block * lanes) * output.framePixels
    let macs = 9 * terms.kernels * elements
    account.issue(macs: macs, flops: 2 * macs + 2 * terms.count * elements)
  }
}

private func gcd(_ a: Int, _ b: Int) -> Int { b == 0 ? a : gcd(b, a % b) }
