// A convolution's forward and backward, whole or in part.

/// A 3-D convolution without bias (PyTorch's `Conv3d(bias=False)`), in the
/// channel-blocked layout, for any part of its output (METHOD §1: what is executed): by `Winograd`
/// where that pays; else forward by oneDNN, backward-data by oneDNN or `TemporalGradient`, the
/// gradient of the weights by `WeightGradient`.
///
/// Outputs and their gradients are compact: only the part's channels and frames, clip after clip.
final class Convolution: PartialConvolution {
  let geometry: ConvolutionGeometry
  let weight: Parameter
  var gainsFromCompany: Bool { true }
  private let isStem: Bool
  private let counter: ExecutionCounter
  private let operations: OperationRecord
  private let profileLayer: Int
  private let primitives: PrimitiveCache
  private let weightGradient: WeightGradient
  private let winograd: Winograd?
  private let transposed: TransposedWeights
  private let scratch: Scratch
  /// Whether oneDNN is handed one clip at a time, as its sums may depend on how many there are.
  private let oneByOne: Bool
  /// Backward-data of the parts that came up, where it is done frame by frame.
  private var spatial: [ConvolutionPart: SpatialInputGradient?] = [:]
  /// Rotated weights, by the number of channels.
  private var rotatedWeights: [Int: TransposedWeights] = [:]

  /// - Parameters:
  ///   - isStem: the input is the plain `[N, C, T, H, W]` clip, and needs no gradient.
  init(
    _ geometry: ConvolutionGeometry, name: String, isStem: Bool = false, context: LayerContext
  ) {
    self.geometry = geometry
    self.isStem = isStem
    oneByOne = context.isReproducible
    counter = context.counter
    operations = counter.addRecord(
      name, .convolution, output: geometry.output,
      fixed: OperationCount(macs: geometry.macs, flops: 2 * geometry.macs))
    scratch = context.workspace.inputs
    weightGradient = WeightGradient(geometry, scratch: scratch)
    winograd = Winograd(
      geometry, scratch: scratch, rotatedPoints: context.workspace.rotatedPoints)
    primitives = PrimitiveCache(geometry, isStem: isStem)
    transposed = TransposedWeights(geometry, channels: geometry.outChannels, rotated: false)
    profileLayer = counter.profile.addLayer(name, geometry)
    // Kaiming normal, fan out, as torchvision initializes video ResNets.
    let deviation = (2 / Double(geometry.outChannels * geometry.kernel.volume)).squareRoot()
    weight = context.parameters.add(
      "\(name).weight", geometry.weightShape, layout: isStem ? .stem : .convolution, decays: true,
      initial: { Float($1.normal() * deviation) })
  }

  func forward(_ x: BlockedClips, part: ConvolutionPart, into y: MutableBlockedClips) {
    assert(!isStem && x.shape == geometry.input && y.shape == geometry.output(of: part))
    let macs = x.count * geometry.macs(part: part)
    if let winograd {
      record(macs: macs, calls: winograd.calls(clips: x.count, part: part))
      return run(.convolutionForward, macs: macs, Winograd.implementation) {
        winograd.forward(x, part: part, weight: weight, into: y)
      }
    }
    forward(x.base, clips: x.count, part: part, into: y)
  }

  /// The same of a stem, whole.
  func forward(_ clips: Clips, into y: MutableBlockedClips) {
    assert(isStem && clips.shape == geometry.input && y.shape == geometry.output)
    forward(clips.base, clips: clips.count, part: geometry.wholePart, into: y)
  }

  private func forward(
    _ x: UnsafePointer<Float>, clips n: Int, part: ConvolutionPart, into y: MutableBlockedClips
  ) {
    let step = step(clips: n)
    let macs = step * geometry.macs(part: part)
    let primitive = primitives[step, part].forward
    for clip in stride(from: 0, to: n, by: step) {
      record(macs: macs)
      run(.convolutionForward, macs: macs, primitive.implementation) {
        primitive.execute(x + clip * inputFloats, weight.value, y.clip(clip))
      }
    }
  }

  /// How many of `n` clips oneDNN is handed at a time.
  private func step(clips n: Int) -> Int { oneByOne ? 1 : max(n, 1) }

  /// Floats of one clip's input, as it lies in memory.
  private var inputFloats: Int {
    isStem ? geometry.input.channels * geometry.input.pixels : geometry.input.clipFloats
  }

  /// `y = max(BN(conv(x, W)), 0)`, whole, for inference.
  /// - Parameters: as of `forward(_:part:into:)`; `norm` is this convolution's.
  func forward(_ x: BlockedClips, folding norm: FoldedNorm, into y: MutableBlockedClips) {
    guard let winograd else {
      return forward(x.base, clips: x.count, folding: norm, into: y)
    }
    let macs = x.count * geometry.macs
    norm.record(clips: x.count)
    record(macs: macs, calls: winograd.calls(clips: x.count, part: geometry.wholePart))
    run(.convolutionForward, macs: macs, Winograd.implementation) {
      winograd.forward(
        x, part: geometry.wholePart, weight: weight, folding: norm.currentAffine(), into: y)
    }
  }

  /// The same of a stem.
  func forward(_ clips: Clips, folding norm: FoldedNorm, into y: MutableBlockedClips) {
    assert(isStem && clips.shape == geometry.input)
    forward(clips.base, clips: clips.count, folding: norm, into: y)
  }

  private func forward(
    _ x: UnsafePointer<Float>, clips n: Int, folding norm: FoldedNorm, into y: MutableBlockedClips
  ) {
    let macs = n * geometry.macs
    norm.record(clips: n)
    record(macs: macs)
    let primitive = primitives[n, geometry.wholePart].rectifiedForward
    run(.convolutionForward, macs: macs, primitive.implementation) {
      let (weights, bias) = norm.current()
      primitive.execute(x, weights, y.base, bias)
    }
  }

  func backwardData(_ dy: BlockedClips, part: ConvolutionPart, into dx: MutableBlockedClips) {
    assert(dy.shape == geometry.output(of: part) && dx.shape == geometry.input)
    let n = dy.count
    let macs = n * geometry.macs(part: part)
    if let winograd {
      return run(.convolutionBackwardData, macs: macs, Winograd.implementation) {
        winograd.backwardData(dy, part: part, weight: weight, into: dx)
      }
    }
    if let spatial = spatial(part) {
      let step = step(clips: n)
      return run(.convolutionBackwardData, macs: macs, spatial.implementation(clips: step)) {
        spatial.run(dy, weight: weight, into: dx, clipsAtATime: step)
      }
    }
    if let temporal = TemporalGradient(geometry, part: part) {
      return run(.convolutionBackwardData, macs: macs, TemporalGradient.implementation) {
        temporal.run(dy, weights: transposed.current(weight), into: dx)
      }
    }
    let step = step(clips: n)
    let primitive = primitives[step, part].backwardData
    run(.convolutionBackwardData, macs: macs, primitive.implementation) {
      for clip in stride(from: 0, to: n, by: step) {
        primitive.execute(dy.clip(clip), transposed.current(weight), dx.clip(clip))
      }
    }
  }

  /// Records one forward pass.
  private func record(macs: Int, calls: Int = 1) {
    operations.record(calls: calls, macs: macs, flops: 2 * macs)
  }

  /// Runs one direction by the engine named `implementation`.
  private func run(_ kind: WorkKind, macs: Int, _ implementation: String, _ body: () -> Void) {
    counter.profile.run(profileLayer, kind, macs: macs, implementation: implementation, body)
  }

  private func spatial(_ part: ConvolutionPart) -> SpatialInputGradient? {
    if let known = spatial[part] { return known }
    let created = SpatialInputGradient(
      geometry, part: part, transposed: transposed,
      rotated: rotatedWeights(channels: part.channels), scratch: scratch)
    spatial[part] = .some(created)
    return created
  }

  private func rotatedWeights(channels: Int) -> TransposedWeights {
    if let known = rotatedWeights[channels] { return known }
    let created = TransposedWeights(geometry, channels: channels, rotated: true)
    rotatedWeights[channels] = created
    return created
  }

  /// `dW = Σ_n x ⋆ dy` for the whole output, assigned to the weights' gradient.
  func backwardWeights(_ x: ConvolutionInput, _ dy: BlockedClips) {
    assert(x.clips.shape == geometry.input && dy.shape == geometry.output)
    backwardWeights(
      clips: dy.count, part: geometry.wholePart, affine: x.affine, accumulate: false
    ) {
      (x.clips.clip($0), dy.clip($0))
    }
  }

  /// The same of a stem. Clip by clip it is one thread's work: with AVX-512 oneDNN shares out the
  /// pixels of a clip, and adds up what the threads have.
  func backwardWeights(_ clips: Clips, _ dy: BlockedClips) {
    guard oneByOne else { return stemWeights(clips, dy) }
    Parallel.onOneThread { stemWeights(clips, dy) }
  }

  private func stemWeights(_ clips: Clips, _ dy: BlockedClips) {
    let step = step(clips: dy.count)
    let primitive = primitives[step, geometry.wholePart].backwardWeights
    run(
      .convolutionBackwardWeights, macs: dy.count * geometry.macs, primitive.implementation
    ) {
      for clip in stride(from: 0, to: dy.count, by: step) {
        primitive.execute(clips.base + clip * inputFloats, dy.clip(clip), weight.gradient)
        weight.addClip(count: weightFloats(channels: geometry.outChannels))
      }
    }
  }

  func backwardWeights(
    clips n: Int, part: ConvolutionPart, affine: Affine?, accumulate: Bool,
    _ clip: (Int) -> (x: UnsafePointer<Float>, dy: UnsafePointer<Float>)
  ) {
    let macs = n * geometry.macs(part: part)
    run(.convolutionBackwardWeights, macs: macs, weightGradient.implementation) {
      weightGradient.run(
        clips: n, part: part, affine: affine, into: weight, accumulate: accumulate, clip)
    }
  }

  func weightFloats(channels: Int) -> Int {
    let inputs = geometry.input.channels
    return ChannelBlock.padded(channels) * (isStem ? inputs : ChannelBlock.padded(inputs))
      * geometry.kernel.volume
  }
}
