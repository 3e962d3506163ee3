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
  let temporalWeights: [Float]
  let channelWeights: [Float]
  /// Whether the gradients of a candidate's own weight are wanted (not where the weight is alone in
  /// a normalised group: it cannot change).
  let wantsTemporalWeightGradient: Bool
  let wantsChannelWeightGradient: Bool

  /// `⌈T'/R*⌉`, the computed frames.
  var computedFrames: Int { (output.frames + part.temporalStride - 1) / part.temporalStride }
  /// Blocks of computed channels.
  var computedBlocks: Int { ChannelBlock.count(part.channels) }
  /// Floats of the compact `F` of one block.
  var computedBlockFloats: Int { computedFrames * output.planeFloats }

  private var lanes: Int32 { Int32(ChannelBlock.lanes) }

  /// Active candidates with the index of the first block that they reconstruct.
  private var activeChannels: [(b: Int, weight: Float, blocks: Int)] {
    channelWeights.enumerated().filter { $1 > 0 }.map {
      ($0, $1, ChannelBlock.count(space.channelCounts[$0]))
    }
  }

  private var activeTemporal: [(a: Int, weight: Float, stride: Int)] {
    temporalWeights.enumerated().filter { $1 > 0 }.map { ($0, $1, space.temporalStrides[$0]) }
  }

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
    for t in 0..<output.frames {
      let terms = activeTemporal.map { a, weight, stride in
        vk_term(
          source: mixed + t / stride * stride / part.temporalStride * output.planeFloats,
          taps: t % stride == 0 ? nil : temporalTaps(a, t % stride, block), weight: weight)
      }
      mix(terms, into: target + t * output.planeFloats)
    }
  }

  /// `Z` of one block: `F` itself where that is all there is to it, else computed into `scratch`.
  func channelSum(
    block: Int, f: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    let active = activeChannels
    let own = f + block * computedBlockFloats
    let scale = active.reduce(Float(0)) { $0 + (block < $1.blocks ? $1.weight : 0) }
    let reconstructing = active.filter { block >= $0.blocks }
    if reconstructing.isEmpty && scale == 1 { return own }
    for j in 0..<computedFrames {
      var terms: [vk_term] = []
      if scale > 0 {
        terms.append(vk_term(source: own + j * output.planeFloats, taps: nil, weight: scale))
      }
      for (b, weight, blocks) in reconstructing {
        terms.append(
          vk_term(
            source: f + block % blocks * computedBlockFloats + j * output.planeFloats,
            taps: spatialTaps(b, block - blocks), weight: weight))
      }
      mix(terms, into: scratch + j * output.planeFloats)
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
    for j in 0..<computedFrames {
      let start = j * part.temporalStride
      var terms: [vk_term] = []
      for (a, weight, stride) in activeTemporal where start % stride == 0 {
        terms.append(vk_term(source: dBlock + start * plane, taps: nil, weight: weight))
        for offset in 1..<max(stride, 1) where start + offset < output.frames {
          terms.append(
            vk_term(
              source: dBlock + (start + offset) * plane, taps: temporalTaps(a, offset, block),
              weight: weight))
        }
      }
      mix(terms, into: dz + j * plane, transposed: true)
    }
    var kernels = spatialFloats
    for (a, stride) in space.temporalStrides.enumerated() {
      defer { kernels += cheap.temporalFloats(a) }
      let weight = temporalWeights[a]
      guard weight > 0 else { continue }
      var dWeight = 0.0
      for t in 0..<output.frames {
        let dPlane = dBlock + t * plane
        let source = z + t / stride * stride / part.temporalStride * plane
        if t % stride == 0 {
          if wantsTemporalWeightGradient {
            dWeight += vk_dot(lanes, dPlane, source, output.framePixels)
          }
        } else {
          let at = kernels + temporalOffset(t % stride, block)
          dWeight += vk_correlate_plane(
            lanes, dPlane, source, Int32(output.height), Int32(output.width), weight,
            temporalTaps(a, t % stride, block), gradients.kernels + at)
        }
      }
      gradients.temporal[block * space.temporalStrides.count + a] = dWeight
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
    let active = activeChannels
    for j in 0..<computedFrames {
      var terms: [vk_term] = []
      for (b, weight, blocks) in active where block < blocks {
        terms.append(
          vk_term(
            source: dz + block * computedBlockFloats + j * plane, taps: nil, weight: weight))
        for target in targets(of: block, blocks) {
          terms.append(
            vk_term(
              source: dz + target * computedBlockFloats + j * plane,
              taps: spatialTaps(b, target - blocks), weight: weight))
        }
      }
      mix(terms, into: df + j * plane, transposed: true)
    }
    var kernels = 0
    for (b, weight) in channelWeights.enumerated() {
      defer { kernels += cheap.spatialFloats(b) }
      let blocks = ChannelBlock.count(space.channelCounts[b])
      guard weight > 0, block < blocks else { continue }
      var dWeight = 0.0
      if wantsChannelWeightGradient {
        dWeight = vk_dot(
          lanes, dz + block * computedBlockFloats, own, computedFrames * output.framePixels)
      }
      for target in targets(of: block, blocks) {
        let at = kernels + (target - blocks) * CheapOperations.blockFloats
        for j in 0..<computedFrames {
          dWeight += vk_correlate_plane(
            lanes, dz + target * computedBlockFloats + j * plane, own + j * plane,
            Int32(output.height), Int32(output.width), weight, spatialTaps(b, target - blocks),
            gradients.kernels + at)
        }
      }
      gradients.channel[block * space.channelCounts.count + b] = dWeight
    }
  }

  // MARK: Planes and kernels

  private var spatialFloats: Int {
    (0..<cheap.spatial.count).reduce(0) { $0 + cheap.spatialFloats($1) }
  }

  /// Blocks that candidate with `blocks` computed blocks reconstructs from `block`.
  private func targets(of block: Int, _ blocks: Int) -> StrideTo<Int> {
    stride(from: block + blocks, to: output.blocks, by: blocks)
  }

  private func spatialTaps(_ b: Int, _ block: Int) -> UnsafePointer<Float>? {
    cheap.spatial[b].map { UnsafePointer($0.value + block * CheapOperations.blockFloats) }
  }

  private func temporalOffset(_ offset: Int, _ block: Int) -> Int {
    ((offset - 1) * output.blocks + block) * CheapOperations.blockFloats
  }

  private func temporalTaps(_ a: Int, _ offset: Int, _ block: Int) -> UnsafePointer<Float>? {
    cheap.temporal[a].map { UnsafePointer($0.value + temporalOffset(offset, block)) }
  }

  private func mix(
    _ terms: [vk_term], into plane: UnsafeMutablePointer<Float>, transposed: Bool = false
  ) {
    guard !terms.isEmpty else {
      plane.update(repeating: 0, count: output.planeFloats)
      return
    }
    vk_mix_plane(
      lanes, plane, Int32(output.height), Int32(output.width), terms, Int32(terms.count),
      transposed)
  }
}
