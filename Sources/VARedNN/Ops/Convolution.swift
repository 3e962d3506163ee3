// A convolution's forward and backward, whole or in part.

/// A 3-D convolution without bias (PyTorch's `Conv3d(bias=False)`), in the
/// channel-blocked layout, for any part of its output (METHOD §1: what is executed): by `Winograd` where
/// that pays; else forward by oneDNN, backward-data by oneDNN or `TemporalGradient`, the gradient of the
/// weights by `WeightGradient`.
///
/// Outputs and their gradients are compact: only the part's channels and frames, clip after clip.
final class Convolution {
  let geometry: ConvolutionGeometry
  let weight: Parameter
  private let isStem: Bool
  private let counter: ExecutionCounter
  private let account: OperationAccount
  private let profileLayer: Int
  private let primitives: PrimitiveCache
  private let weightGradient: WeightGradient
  private let winograd: Winograd?
  private let transposed: TransposedWeights
  private let scratch: Scratch
  /// Backward-data of the parts that came up, where it is a forward convolution.
  private var mirrored: [ConvolutionPart: MirroredConvolution?] = [:]
  /// Their weights, by the number of channels.
  private var mirroredWeights: [Int: TransposedWeights] = [:]

  /// - Parameters:
  ///   - isStem: the input is the plain `[N, C, T, H, W]` clip, and needs no gradient.
  init(
    _ geometry: ConvolutionGeometry, name: String, isStem: Bool = false, context: LayerContext
  ) {
    self.geometry = geometry
    self.isStem = isStem
    counter = context.counter
    account = counter.open(
      name, .convolution, output: geometry.output,
      fixed: OperationCount(macs: geometry.macs, flops: 2 * geometry.macs))
    scratch = context.workspace.inputs
    weightGradient = WeightGradient(geometry, scratch: scratch)
    winograd = Winograd(
      geometry, scratch: scratch, mirroredPoints: context.workspace.mirroredPoints)
    primitives = PrimitiveCache(geometry, isStem: isStem)
    transposed = TransposedWeights(geometry, channels: geometry.outChannels, mirrored: false)
    profileLayer = counter.profile.addLayer(name, geometry)
    // Kaiming normal, fan out, as torchvision initialises video ResNets.
    let deviation = (2 / Double(geometry.outChannels * geometry.kernel.volume)).squareRoot()
    weight = context.parameters.add(
      "\(name).weight", geometry.weightShape, layout: isStem ? .stem : .convolution, decays: true,
      initial: { Float($1.normal() * deviation) })
  }

  /// `y = conv(x, W)`, the part's channels at the part's frames.
  /// - Parameters:
  ///   - x: `n` clips in the blocked layout (plain for the stem).
  ///   - y: `n` clips of `geometry.output(of: part)`, assigned.
  func forward(
    _ x: UnsafePointer<Float>, clips n: Int, part: ConvolutionPart,
    into y: UnsafeMutablePointer<Float>
  ) {
    let macs = n * geometry.macs(part: part)
    if let winograd {
      issue(macs: macs, calls: winograd.calls(clips: n, part: part))
      return run(.convolutionForward, macs: macs, Winograd.implementation) {
        winograd.forward(x, clips: n, part: part, weight: weight, into: y)
      }
    }
    issue(macs: macs)
    let primitive = primitives[n, part].forward
    run(.convolutionForward, macs: macs, primitive.implementation) {
      primitive.execute(x, weight.value, y)
    }
  }

  /// `y = max(BN(conv(x, W)), 0)`, whole, for inference.
  /// - Parameters: as of `forward(_:clips:part:into:)`; `norm` is this convolution's.
  func forward(
    _ x: UnsafePointer<Float>, clips n: Int, folding norm: FoldedNorm,
    into y: UnsafeMutablePointer<Float>
  ) {
    let macs = n * geometry.macs
    norm.issue(clips: n)
    if let winograd {
      issue(macs: macs, calls: winograd.calls(clips: n, part: geometry.wholePart))
      return run(.convolutionForward, macs: macs, Winograd.implementation) {
        winograd.forward(
          x, clips: n, part: geometry.wholePart, weight: weight, folding: norm.currentAffine(),
          into: y)
      }
    }
    issue(macs: macs)
    let primitive = primitives[n, geometry.wholePart].rectifiedForward
    run(.convolutionForward, macs: macs, primitive.implementation) {
      let (weights, bias) = norm.current()
      primitive.execute(x, weights, y, bias)
    }
  }

  /// `dx = Σ Wᵀ dy`, assigned, whole clips (zero where no computed output depends on `x`).
  func backwardData(
    _ dy: UnsafePointer<Float>, clips n: Int, part: ConvolutionPart,
    into dx: UnsafeMutablePointer<Float>
  ) {
    let macs = n * geometry.macs(part: part)
    if let winograd {
      return run(.convolutionBackwardData, macs: macs, Winograd.implementation) {
        winograd.backwardData(dy, clips: n, part: part, weight: weight, into: dx)
      }
    }
    if let mirrored = mirrored(part) {
      return run(.convolutionBackwardData, macs: macs, mirrored.implementation(clips: n)) {
        mirrored.run(dy, clips: n, weight: weight, into: dx)
      }
    }
    if let temporal = TemporalGradient(geometry, part: part) {
      return run(.convolutionBackwardData, macs: macs, TemporalGradient.implementation) {
        temporal.run(dy, clips: n, weights: transposed.current(weight), into: dx)
      }
    }
    let primitive = primitives[n, part].backwardData
    run(.convolutionBackwardData, macs: macs, primitive.implementation) {
      primitive.execute(dy, transposed.current(weight), dx)
    }
  }

  /// Books one forward pass.
  private func issue(macs: Int, calls: Int = 1) {
    account.issue(calls: calls, macs: macs, flops: 2 * macs)
  }

  /// Runs one direction by the engine named `implementation`.
  private func run(_ kind: WorkKind, macs: Int, _ implementation: String, _ body: () -> Void) {
    counter.profile.run(profileLayer, kind, macs: macs, implementation: implementation, body)
  }

  private func mirrored(_ part: ConvolutionPart) -> MirroredConvolution? {
    if let known = mirrored[part] { return known }
    let created = MirroredConvolution(
      geometry, part: part, weights: mirroredWeights(channels: part.channels), scratch: scratch)
    mirrored[part] = .some(created)
    return created
  }

  private func mirroredWeights(channels: Int) -> TransposedWeights {
    if let known = mirroredWeights[channels] { return known }
    let created = TransposedWeights(geometry, channels: channels, mirrored: true)
    mirroredWeights[channels] = created
    return created
  }

  /// `dW = Σ_n x ⋆ dy` for the whole output, assigned to the weights' gradient.
  func backwardWeights(_ x: ConvolutionInput, _ dy: UnsafePointer<Float>, clips n: Int) {
    let part = geometry.wholePart
    if isStem {
      let primitive = primitives[n, part].backwardWeights
      return run(.convolutionBackwardWeights, macs: n * geometry.macs, primitive.implementation) {
        primitive.execute(x.data, dy, weight.gradient)
      }
    }
    let (inFloats, outFloats) = (geometry.input.clipFloats, geometry.output.clipFloats)
    for clip in 0..<n { addToGradient(x.data + clip * inFloats, dy + clip * outFloats) }
    backwardWeights(part: part, affine: x.affine, accumulate: false)
  }

  /// Adds a clip's whole input and the gradient of its computed part to the next
  /// `backwardWeights(part:affine:accumulate:)`.
  func addToGradient(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>) {
    weightGradient.add(x, dy)
  }

  /// `dW` of the clips added, for the part's rows of the weights' gradient: assigned, or added to
  /// what is there.
  func backwardWeights(part: ConvolutionPart, affine: Affine?, accumulate: Bool) {
    let macs = weightGradient.clips * geometry.macs(part: part)
    run(.convolutionBackwardWeights, macs: macs, weightGradient.implementation) {
      weightGradient.run(part: part, affine: affine, into: weight.gradient, accumulate: accumulate)
    }
  }

  /// Floats of the weights' first rows that compute `channels` output channels.
  func weightFloats(channels: Int) -> Int {
    let inputs = geometry.input.channels
    return ChannelBlock.padded(channels) * (isStem ? inputs : ChannelBlock.padded(inputs))
      * geometry.kernel.volume
  }
}
