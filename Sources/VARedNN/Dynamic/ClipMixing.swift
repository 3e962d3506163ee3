// From the computed part F to the layer's output: Y = Σ_a v_t[a]·T_a(Σ_b v_c[b]·C_b(F)).

import CKernels

/// One clip's way from its compact `F [n_b*, T'/R*, H', W']` to `Y [K, T', H', W']` and back.
///
/// Reduced channel counts are whole blocks of 16, so a channel and the one it is reconstructed from
/// have the same lane: both reconstructions are sums of whole planes, each one scaled or passed
/// through a depthwise 3×3 kernel. `Z` below is the inner sum, at the computed frames only.
struct ClipMixing {
  let output: ActivationShape
  let space: PolicySpace
  let cheap: CheapOperations
  let part: ConvolutionPart
  /// `⌈T'/R*⌉`, the computed frames.
  let computedFrames: Int
  /// Whether the gradients of a candidate's own weight are wanted (not where the weight is alone in
  /// a normalised group: it cannot change).
  private let wantsTemporalWeightGradient: Bool
  private let wantsChannelWeightGradient: Bool
  private let temporal: [TemporalCandidate]
  private let channel: [ChannelCandidate]

  /// A temporal candidate with a weight above zero.
  private struct TemporalCandidate {
    let a: Int
    let weight: Float
    let stride: Int
    /// First float of its kernels among all of the layer's.
    let kernels: Int
  }

  /// A channel candidate with a weight above zero.
  private struct ChannelCandidate {
    let b: Int
    let weight: Float
    /// Channel blocks that it takes from `F`; it reconstructs the ones from there on.
    let blocks: Int
    let kernels: Int
  }

  init(
    _ policy: Policy, clip: Int, output: ActivationShape, cheap: CheapOperations,
    part: ConvolutionPart, form: GateForm
  ) {
    self.output = output
    self.cheap = cheap
    self.part = part
    space = policy.space
    computedFrames = (output.frames + part.temporalStride - 1) / part.temporalStride
    var kernels = 0
    var channel: [ChannelCandidate] = []
    for (b, weight) in policy.channelWeights(clip).enumerated() {
      if weight > 0 {
        let blocks = ChannelBlock.count(space.channelCounts[b])
        channel.append(ChannelCandidate(b: b, weight: weight, blocks: blocks, kernels: kernels))
      }
      kernels += cheap.spatialFloats(b)
    }
    var temporal: [TemporalCandidate] = []
    for (a, weight) in policy.temporalWeights(clip).enumerated() {
      if weight > 0 {
        temporal.append(
          TemporalCandidate(
            a: a, weight: weight, stride: space.temporalStrides[a], kernels: kernels))
      }
      kernels += cheap.temporalFloats(a)
    }
    self.channel = channel
    self.temporal = temporal
    wantsTemporalWeightGradient = form == .published || temporal.count > 1
    wantsChannelWeightGradient = form == .published || channel.count > 1
  }

  /// Blocks of computed channels.
  var computedBlocks: Int { ChannelBlock.count(part.channels) }
  /// Floats of the compact `F` of one block.
  var computedBlockFloats: Int { computedFrames * output.planeFloats }

  private var lanes: Int32 { Int32(ChannelBlock.lanes) }

  // MARK: Forward

  /// `Y` of one channel block, assigned.
  /// - Parameters:
  ///   - f: the clip's compact `F`.
  ///   - z: scratch of `computedBlockFloats` floats.
  ///   - y: the clip's output.
  func forward(
    block: Int, f: UnsafePointer<Float>, z: UnsafeMutablePointer<Float>,
    y: UnsafeMutablePointer<Float>
  ) {
    let target = y + block * output.blockFloats
    let mixed = channelSum(block: block, f: f, scratch: z)
    var terms = Terms()
    for t in 0..<output.frames {
      for candidate in temporal {
        terms.append(
          mixed + source(t, candidate), weight: candidate.weight,
          taps: t % candidate.stride == 0
            ? nil : temporalTaps(candidate, t % candidate.stride, block))
      }
      mix(&terms, into: target + t * output.planeFloats)
    }
  }

  /// `Z` of one block: `F` itself where that is all there is to it, else computed into `scratch`.
  func channelSum(
    block: Int, f: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    let own = f + block * computedBlockFloats
    let scale = channel.reduce(Float(0)) { $0 + (block < $1.blocks ? $1.weight : 0) }
    let isOwn = channel.allSatisfy { block < $0.blocks }
    if isOwn && scale == 1 { return own }
    var terms = Terms()
    for j in 0..<computedFrames {
      let frame = j * output.planeFloats
      if scale > 0 { terms.append(own + frame, weight: scale) }
      for candidate in channel where block >= candidate.blocks {
        terms.append(
          f + block % candidate.blocks * computedBlockFloats + frame, weight: candidate.weight,
          taps: spatialTaps(candidate, block - candidate.blocks))
      }
      mix(&terms, into: scratch + frame)
    }
    return UnsafePointer(scratch)
  }

  // MARK: Backward

  /// Where one clip's kernel gradients are collected, laid out as the kernels are, and the weights'.
  struct Gradients {
    /// `∂L/∂φ`, spatial kernels first.
    let kernels: UnsafeMutablePointer<Float>
    /// `∂L/∂v_t [blocks, St]`.
    let temporal: UnsafeMutablePointer<Double>
    /// `∂L/∂v_c [blocks, Sc]`.
    let channel: UnsafeMutablePointer<Double>
  }

  /// `∂L/∂Z` of one block, assigned, and the gradients of `φt` and `v_t`.
  func temporalBackward(
    block: Int, dy: UnsafePointer<Float>, f: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, dz: UnsafeMutablePointer<Float>, gradients: Gradients
  ) {
    let z = channelSum(block: block, f: f, scratch: scratch)
    let dBlock = dy + block * output.blockFloats
    let plane = output.planeFloats
    var terms = Terms()
    for j in 0..<computedFrames {
      let start = j * part.temporalStride
      for candidate in temporal where start % candidate.stride == 0 {
        terms.append(dBlock + start * plane, weight: candidate.weight)
        for offset in 1..<candidate.stride where start + offset < output.frames {
          terms.append(
            dBlock + (start + offset) * plane, weight: candidate.weight,
            taps: temporalTaps(candidate, offset, block))
        }
      }
      mix(&terms, into: dz + j * plane, transposed: true)
    }
    for candidate in temporal {
      var dWeight = 0.0
      for t in 0..<output.frames {
        let (dPlane, from) = (dBlock + t * plane, z + source(t, candidate))
        let offset = t % candidate.stride
        if offset > 0 {
          dWeight += correlate(
            dPlane, from, weight: candidate.weight, temporalTaps(candidate, offset, block),
            into: gradients.kernels + candidate.kernels + temporalOffset(offset, block))
        } else if wantsTemporalWeightGradient {
          dWeight += vk_dot(lanes, dPlane, from, output.framePixels)
        }
      }
      gradients.temporal[block * space.temporalStrides.count + candidate.a] = dWeight
    }
  }

  /// `∂L/∂F` of one computed block, assigned, from `∂L/∂Z` of all blocks, and the gradients of `φs`
  /// and `v_c`.
  func channelBackward(
    block: Int, dz: UnsafePointer<Float>, f: UnsafePointer<Float>,
    df: UnsafeMutablePointer<Float>, gradients: Gradients
  ) {
    let plane = output.planeFloats
    let own = f + block * computedBlockFloats
    var terms = Terms()
    for j in 0..<computedFrames {
      for candidate in channel where block < candidate.blocks {
        terms.append(dz + block * computedBlockFloats + j * plane, weight: candidate.weight)
        for target in targets(of: block, candidate) {
          terms.append(
            dz + target * computedBlockFloats + j * plane, weight: candidate.weight,
            taps: spatialTaps(candidate, target - candidate.blocks))
        }
      }
      mix(&terms, into: df + j * plane, transposed: true)
    }
    for candidate in channel where block < candidate.blocks {
      var dWeight = 0.0
      if wantsChannelWeightGradient {
        dWeight = vk_dot(
          lanes, dz + block * computedBlockFloats, own, computedFrames * output.framePixels)
      }
      for target in targets(of: block, candidate) {
        let kernel = target - candidate.blocks
        for j in 0..<computedFrames {
          dWeight += correlate(
            dz + target * computedBlockFloats + j * plane, own + j * plane,
            weight: candidate.weight, spatialTaps(candidate, kernel),
            into: gradients.kernels + candidate.kernels + kernel * CheapOperations.blockFloats)
        }
      }
      gradients.channel[block * space.channelCounts.count + candidate.b] = dWeight
    }
  }

  // MARK: Planes and kernels

  /// The terms of one plane, reused from plane to plane.
  private struct Terms {
    private(set) var all: [vk_term] = []

    mutating func append(
      _ source: UnsafePointer<Float>, weight: Float, taps: UnsafePointer<Float>? = nil
    ) {
      all.append(vk_term(source: source, taps: taps, weight: weight))
    }

    mutating func removeAll() { all.removeAll(keepingCapacity: true) }
  }

  /// Where in a block of `Z` frame `t` of the output comes from.
  private func source(_ t: Int, _ candidate: TemporalCandidate) -> Int {
    t / candidate.stride * candidate.stride / part.temporalStride * output.planeFloats
  }

  /// Blocks that a candidate reconstructs from `block`.
  private func targets(of block: Int, _ candidate: ChannelCandidate) -> StrideTo<Int> {
    stride(from: block + candidate.blocks, to: output.blocks, by: candidate.blocks)
  }

  private func spatialTaps(_ candidate: ChannelCandidate, _ block: Int) -> UnsafePointer<Float>? {
    cheap.spatial[candidate.b].map {
      UnsafePointer($0.value + block * CheapOperations.blockFloats)
    }
  }

  private func temporalOffset(_ offset: Int, _ block: Int) -> Int {
    ((offset - 1) * output.blocks + block) * CheapOperations.blockFloats
  }

  private func temporalTaps(
    _ candidate: TemporalCandidate, _ offset: Int, _ block: Int
  ) -> UnsafePointer<Float>? {
    cheap.temporal[candidate.a].map { UnsafePointer($0.value + temporalOffset(offset, block)) }
  }

  /// `plane = Σ terms`, and no terms are left.
  private func mix(
    _ terms: inout Terms, into plane: UnsafeMutablePointer<Float>, transposed: Bool = false
  ) {
    if terms.all.isEmpty { plane.update(repeating: 0, count: output.planeFloats) }
    vk_mix_plane(
      lanes, plane, Int32(output.height), Int32(output.width), terms.all, Int32(terms.all.count),
      transposed)
    terms.removeAll()
  }

  private func correlate(
    _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, weight: Float,
    _ taps: UnsafePointer<Float>?, into gradient: UnsafeMutablePointer<Float>
  ) -> Double {
    vk_correlate_plane(
      lanes, dy, x, Int32(output.height), Int32(output.width), weight, taps, gradient)
  }
}
