// Convolutions over space with fewer multiplications: an engine of our own.

import CKernels

/// Forward and backward-data of a 1×3×3 convolution with stride 1, for any part of its output, by
/// Winograd's minimal filtering F(4×4, 3×3): a tile of 4×4 outputs takes a quarter of the
/// multiplications.
///
/// Three times as fast as oneDNN's direct convolution at the first two stages of R(2+1)D-18
/// (measured in `Benchmarks/README.md`). Rounding errors are about twice those of the direct sum.
/// A clip's outputs are the same bits whatever the batch and the number of threads.
final class Winograd {
  /// What a profile calls this engine.
  static let implementation = "vared:winograd"

  /// Tiles that a thread takes at a time: few enough for the second cache, enough to read the
  /// weights seldom.
  private static let strip = 32

  private let geometry: ConvolutionGeometry
  private let scratch: Scratch
  private let weights: WinogradWeights
  private let mirroredWeights: WinogradWeights

  /// nil where it does not pay.
  /// - Parameters:
  ///   - scratch: memory for the points of a few tiles.
  ///   - mirroredPoints: memory for the weights as backward-data reads them, once a step.
  init?(
    _ geometry: ConvolutionGeometry, scratch: Scratch, mirroredPoints: WinogradPoints
  ) {
    guard Self.pays(for: geometry) else { return nil }
    self.geometry = geometry
    self.scratch = scratch
    let (input, output) = (geometry.input, geometry.output)
    weights = WinogradWeights(.init(input, to: output), mirrored: false, in: WinogradPoints())
    mirroredWeights = WinogradWeights(.init(output, to: input), mirrored: true, in: mirroredPoints)
  }

  /// Whether the convolution is of this kind, and clearly faster so: tiles that reach far beyond the
  /// picture are work in vain, and too few in a clip do not pay for reading four times the weights.
  static func pays(for geometry: ConvolutionGeometry) -> Bool {
    let (input, unit) = (geometry.input, Extent(1, 1, 1))
    guard geometry.kernel == Extent(1, 3, 3), geometry.stride == unit else { return false }
    let tiles = input.tiles
    return 9 * input.framePixels >= 2 * 36 * tiles && tiles * input.frames >= 16
  }

  /// Calls of the kernel that `forward` takes for `n` clips.
  func calls(clips n: Int, part: ConvolutionPart) -> Int {
    let tiles = n * geometry.frames(of: part) * geometry.input.tiles
    let strip = strip(of: tiles)
    return (tiles + strip - 1) / strip
  }

  /// `y = conv(x, W)`, the part's channels at the part's frames.
  /// - Parameters:
  ///   - x: `n` clips, whole.
  ///   - y: `n` clips, compact, assigned.
  func forward(
    _ x: UnsafePointer<Float>, clips n: Int, part: ConvolutionPart, weight: Parameter,
    into y: UnsafeMutablePointer<Float>
  ) {
    let output = geometry.output(of: part)
    run(
      from: (x, geometry.input, part.temporalStride), to: (y, output, 1), frames: output.frames,
      clips: n, weights.current(weight), weightBlocks: geometry.input.blocks)
  }

  /// `y = max(conv(x, W)·scale + shift, 0)`, whole, with the norm's scale and shift as they are.
  func forward(
    _ x: UnsafePointer<Float>, clips n: Int, weight: Parameter, folding norm: BatchNorm,
    into y: UnsafeMutablePointer<Float>
  ) {
    let (input, output) = (geometry.input, geometry.output)
    run(
      from: (x, input, 1), to: (y, output, 1), frames: output.frames, clips: n,
      weights.current(weight, folding: norm), bias: norm.shift.base, weightBlocks: input.blocks)
  }

  /// `dx = Σ Wᵀ dy`, assigned, whole clips.
  /// - Parameters:
  ///   - dy: `n` clips, compact.
  func backwardData(
    _ dy: UnsafePointer<Float>, clips n: Int, part: ConvolutionPart, weight: Parameter,
    into dx: UnsafeMutablePointer<Float>
  ) {
    let (input, output) = (geometry.input, geometry.output(of: part))
    let frameFloats = input.framePixels * ChannelBlock.lanes
    if part.temporalStride > 1 {
      Parallel.forEach(n * input.blocks) { item in
        for frame in 0..<input.frames where frame % part.temporalStride != 0 {
          (dx + item * input.blockFloats + frame * frameFloats).update(
            repeating: 0, count: frameFloats)
        }
      }
    }
    run(
      from: (dy, output, 1), to: (dx, input, part.temporalStride), frames: output.frames, clips: n,
      mirroredWeights.current(weight), weightBlocks: geometry.output.blocks)
  }

  /// Every `stride`-th frame of either side.
  private func run(
    from: (data: UnsafePointer<Float>, shape: ActivationShape, stride: Int),
    to: (data: UnsafeMutablePointer<Float>, shape: ActivationShape, stride: Int), frames: Int,
    clips n: Int, _ weights: UnsafePointer<Float>, bias: UnsafePointer<Float>? = nil,
    weightBlocks: Int
  ) {
    let lanes = Int32(ChannelBlock.lanes)
    let tiles = n * frames * geometry.input.tiles
    let strip = strip(of: tiles)
    let strips = (tiles + strip - 1) / strip
    var tiling = vk_winograd_tiling(from.shape, to: to.shape)
    let floats = vk_winograd_scratch(lanes, &tiling, Int32(strip))
    let memory = scratch.floats(Parallel.threads * floats)
    withClips(n, from.data, from.shape) { xs in
      withClips(n, UnsafePointer(to.data), to.shape) { ys in
        let x = vk_pictures(xs, from.shape, frames: frames, stride: from.stride)
        let y = vk_pictures(ys, to.shape, frames: frames, stride: to.stride)
        let job = vk_winograd_job(
          tiling: tiling, x: x, y: y, weights: weights, weight_blocks: Int32(weightBlocks),
          bias: bias)
        Parallel.forEach(strips) { i in
          withUnsafePointer(to: job) {
            vk_winograd(
              lanes, $0, Int32(i * strip), Int32(min(tiles, (i + 1) * strip)),
              memory + Parallel.thread * floats)
          }
        }
      }
    }
  }

  private func strip(of tiles: Int) -> Int {
    let share = (tiles + Parallel.threads - 1) / Parallel.threads
    return min(Self.strip, (share + 7) / 8 * 8)
  }

  /// Calls `body` with where each of `n` clips side by side begins.
  private func withClips(
    _ n: Int, _ first: UnsafePointer<Float>, _ shape: ActivationShape,
    _ body: (UnsafePointer<UnsafePointer<Float>?>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: n) { clips in
      for i in 0..<n { clips.initializeElement(at: i, to: first + i * shape.clipFloats) }
      body(clips.baseAddress!)
    }
  }
}

extension ActivationShape {
  /// Tiles of 4×4 pixels that cover a frame.
  var tiles: Int { (height + 3) / 4 * ((width + 3) / 4) }
}

extension vk_winograd_tiling {
  /// That of a convolution of `input` to `output`.
  init(_ input: ActivationShape, to output: ActivationShape) {
    self.init(
      height: Int32(input.height), width: Int32(input.width), in_blocks: Int32(input.blocks),
      out_blocks: Int32(output.blocks))
  }
}

extension vk_pictures {
  /// The first `frames` of every `stride`-th frame of clips of `shape`.
  /// - Parameter norm: see `ConvolutionInput`.
  init(
    _ clips: UnsafePointer<UnsafePointer<Float>?>, _ shape: ActivationShape, frames: Int,
    stride: Int, norm: BatchNorm? = nil
  ) {
    self.init(
      clips: clips, frames: Int32(frames), block_floats: shape.blockFloats,
      frame_floats: stride * shape.framePixels * ChannelBlock.lanes,
      scale: norm.map { UnsafePointer($0.scale.base) },
      shift: norm.map { UnsafePointer($0.shift.base) })
  }
}
