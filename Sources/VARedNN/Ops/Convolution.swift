// A convolution's forward and backward, whole or in part.

import CKernels

/// A 3-D convolution without bias (PyTorch's `Conv3d(bias=False)`), executed by oneDNN in the
/// channel-blocked layout for any part of its output (METHOD §1: what is executed).
///
/// Outputs and their gradients are compact: only the part's channels and frames, clip after clip.
final class Convolution {
  let geometry: ConvolutionGeometry
  let weight: Parameter
  private let isStem: Bool
  private let counter: ExecutionCounter
  private let scratch: Scratch
  private let profileLayer: Int
  private var primitives: [Key: ConvolutionPrimitives] = [:]
  private var transposition: WeightTransposition?
  private var transposed = FloatBuffer(0)
  private var transposedVersion = -1

  private struct Key: Hashable {
    let clips: Int
    let part: ConvolutionPart
    let extended: Bool
  }

  /// - Parameters:
  ///   - isStem: the input is the plain `[N, C, T, H, W]` clip, and needs no gradient.
  init(
    _ geometry: ConvolutionGeometry, name: String, isStem: Bool = false,
    parameters: Parameters, counter: ExecutionCounter, scratch: Scratch
  ) {
    self.geometry = geometry
    self.isStem = isStem
    self.counter = counter
    self.scratch = scratch
    profileLayer = counter.profile.addLayer(name, geometry)
    // Kaiming normal, fan out, as torchvision initialises video ResNets.
    let deviation = (2 / Double(geometry.outChannels * geometry.kernel.volume)).squareRoot()
    weight = parameters.add(
      "\(name).weight", geometry.weightShape, layout: isStem ? .stem : .convolution, decays: true,
      initial: { Float($0.normal() * deviation) })
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
    counter.add(macs)
    counter.profile.run(
      profileLayer, .convolutionForward, macs: macs, primitives(n, part).forward, x, weight.value, y
    )
  }

  /// `dx = Σ Wᵀ dy`, assigned, whole clips (zero where no computed output depends on `x`).
  func backwardData(
    _ dy: UnsafePointer<Float>, clips n: Int, part: ConvolutionPart,
    into dx: UnsafeMutablePointer<Float>
  ) {
    if transposedVersion != weight.version { transposeWeights() }
    counter.profile.run(
      profileLayer, .convolutionBackwardData, macs: n * geometry.macs(part: part),
      primitives(n, part).backwardData, dy, transposed.base, dx)
  }

  /// `dW = Σ_n x ⋆ dy` for the part's rows of the weights, assigned to `dWeight`.
  func backwardWeights(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, clips n: Int, part: ConvolutionPart,
    into dWeight: UnsafeMutablePointer<Float>
  ) {
    // oneDNN has no fast path for an input shorter than the kernel: zero frames behind the input
    // change nothing and give it one.
    let extended = geometry.input.frames < geometry.kernel.t && !isStem
    counter.profile.run(
      profileLayer, .convolutionBackwardWeights, macs: n * geometry.macs(part: part),
      primitives(n, part, extended: extended).backwardWeights,
      extended ? extendedInput(x, clips: n) : x, dy, dWeight)
  }

  /// Floats of the weights' first rows that compute `channels` output channels.
  func weightFloats(channels: Int) -> Int {
    let shape = [channels] + geometry.weightShape.dropFirst()
    return (isStem ? ParameterLayout.stem : .convolution).storedCount(shape)
  }

  private func extendedInput(_ x: UnsafePointer<Float>, clips n: Int) -> UnsafePointer<Float> {
    let from = geometry.input
    let to = ActivationShape(
      channels: from.channels, frames: geometry.kernel.t, height: from.height, width: from.width)
    let out = scratch.floats(n * to.clipFloats)
    let blocks = n * from.blocks
    Parallel.forEach(blocks) { block in
      let target = out + block * to.blockFloats
      target.update(from: x + block * from.blockFloats, count: from.blockFloats)
      (target + from.blockFloats).update(
        repeating: 0, count: to.blockFloats - from.blockFloats)
    }
    return UnsafePointer(out)
  }

  private func primitives(
    _ clips: Int, _ part: ConvolutionPart, extended: Bool = false
  ) -> ConvolutionPrimitives {
    let key = Key(clips: clips, part: part, extended: extended)
    if let known = primitives[key] { return known }
    let created = ConvolutionPrimitives(
      geometry, part: part, clips: clips, isStem: isStem,
      inputFrames: extended ? geometry.kernel.t : geometry.input.frames)
    primitives[key] = created
    return created
  }

  private func transposeWeights() {
    if transposition == nil {
      transposition = WeightTransposition(geometry)
      transposed = FloatBuffer(weightFloats(channels: geometry.outChannels))
    }
    transposition?.apply(weight.value, into: transposed.base)
    transposedVersion = weight.version
  }
}

/// Counts the multiply-accumulates of the operations that are issued to the engine in the forward
/// pass, so that the analytic count can be held against what ran.
final class ExecutionCounter {
  private(set) var macs = 0
  /// Where the time goes, for whoever asks.
  let profile = WorkProfile()

  func add(_ macs: Int) { self.macs += macs }
}
