// Convolutions over space with fewer multiplications: an engine of our own.

import CKernels

/// Forward and backward-data of a 1×3×3 convolution with stride 1, for any part of its output, by
/// Winograd's minimal filtering F(4×4, 3×3): a tile of 4×4 outputs takes a quarter of the
/// multiplications.
///
/// Three times as fast as oneDNN's direct convolution at the first two stages of R(2+1)D-18
/// (measured in `Benchmarks/README.md`). Rounding errors are about twice those of the direct sum; a
/// pixel that is not finite makes the tiles that read it so. A clip's outputs are the same bits
/// whatever the batch and the number of threads.
final class Winograd {
  /// What a profile calls this engine.
  static let implementation = "vared:winograd"

  /// Tiles that a thread takes at a time: few enough that what they are made to stays near the
  /// processor, enough that the weights are read seldom.
  private static let strip = 32

  private let geometry: ConvolutionGeometry
  private let scratch: Scratch
  private let weights: WinogradWeights
  private let rotatedWeights: WinogradWeights

  /// nil where it does not pay.
  /// - Parameters:
  ///   - scratch: memory for the points of a few tiles.
  ///   - rotatedPoints: memory for the weights as backward-data reads them, lent to one layer after
  ///     the other.
  init?(
    _ geometry: ConvolutionGeometry, scratch: Scratch, rotatedPoints: WinogradPoints
  ) {
    guard Self.pays(for: geometry) else { return nil }
    self.geometry = geometry
    self.scratch = scratch
    let (input, output) = (geometry.input, geometry.output)
    weights = WinogradWeights(.init(input, to: output), rotated: false, in: WinogradPoints())
    rotatedWeights = WinogradWeights(.init(output, to: input), rotated: true, in: rotatedPoints)
  }

  /// Whether the convolution is of this kind, and clearly faster so: tiles that reach far beyond
  /// the picture are work in vain, so at least half of the multiplications must go; and a clip with
  /// few tiles does not pay for reading four times the weights.
  static func pays(for geometry: ConvolutionGeometry) -> Bool {
    let (input, unit) = (geometry.input, Extent(1, 1, 1))
    guard geometry.kernel == Extent(1, 3, 3), geometry.stride == unit else { return false }
    let tiles = input.frameTiles
    return 2 * WINOGRAD_POINTS * tiles <= 9 * input.framePixels && tiles * input.frames >= 16
  }

  /// Calls of the kernel that `forward` takes for `n` clips.
  func calls(clips n: Int, part: ConvolutionPart) -> Int {
    Strips(n * geometry.frames(of: part) * geometry.input.frameTiles).count
  }

  /// `y = conv(x, W)`, the part's channels at the part's frames; with an affine map
  /// `max(conv(x, W)·scale + shift, 0)`, with its scale and shift as they are.
  /// - Parameters:
  ///   - x: whole clips.
  ///   - y: as many, compact, assigned.
  func forward(
    _ x: BlockedClips, part: ConvolutionPart, weight: Parameter, folding affine: Affine? = nil,
    into y: MutableBlockedClips
  ) {
    let (input, output) = (geometry.input, geometry.output(of: part))
    var job = vared_winograd_job()
    job.tiling = .init(input, to: output)
    job.in = .init(input, frames: output.frames, stride: part.temporalStride)
    job.out = .init(output, frames: output.frames)
    (job.x, job.y) = (x.base, y.base)
    job.weights = weights.current(weight, folding: affine)
    job.weight_blocks = Int32(input.blocks)
    job.bias = affine?.shift
    run(job, clips: x.count)
  }

  /// `dx = Σ Wᵀ dy`, assigned, whole clips.
  /// - Parameter dy: compact.
  func backwardData(
    _ dy: BlockedClips, part: ConvolutionPart, weight: Parameter, into dx: MutableBlockedClips
  ) {
    let (input, output) = (geometry.input, geometry.output(of: part))
    if part.temporalStride > 1 { clear(dx, framesBetween: part.temporalStride) }
    var job = vared_winograd_job()
    job.tiling = .init(output, to: input)
    (job.in, job.out) = (
      .init(output, frames: output.frames),
      .init(input, frames: output.frames, stride: part.temporalStride)
    )
    (job.x, job.y) = (dy.base, dx.base)
    job.weights = rotatedWeights.current(weight)
    job.weight_blocks = Int32(geometry.output.blocks)
    run(job, clips: dy.count)
  }

  /// Makes the frames zero that are no multiple of `stride`.
  private func clear(_ dx: MutableBlockedClips, framesBetween stride: Int) {
    let input = geometry.input
    Parallel.forEach(dx.count * input.blocks) { item in
      for frame in 0..<input.frames where frame % stride != 0 {
        dx.item(item, frame: frame).update(repeating: 0, count: input.planeFloats)
      }
    }
  }

  private func run(_ job: vared_winograd_job, clips n: Int) {
    let kernels = ChannelBlock.kernels
    let strips = Strips(n * Int(job.in.frames) * geometry.input.frameTiles)
    withUnsafePointer(to: job) { job in
      let floats = withUnsafePointer(to: job.pointee.tiling) {
        kernels.winograd_scratch($0, Int32(strips.length))
      }
      let memory = scratch.floats(Parallel.threads * floats)
      Parallel.forEach(strips.count) { i in
        let tiles = strips[i]
        kernels.winograd(
          job, Int32(tiles.lowerBound), Int32(tiles.upperBound),
          memory + Parallel.thread * floats)
      }
    }
  }

  /// Tiles cut into shares for threads, of whole rows of the kernel's products.
  private struct Strips {
    let tiles: Int
    let length: Int

    init(_ tiles: Int) {
      self.tiles = tiles
      let share = (tiles + Parallel.threads - 1) / Parallel.threads
      length = min(Winograd.strip, (share + 7) / 8 * 8)
    }

    var count: Int { (tiles + length - 1) / length }

    subscript(i: Int) -> Range<Int> { i * length..<min(tiles, (i + 1) * length) }
  }
}

extension ActivationShape {
  /// Tiles of 4×4 pixels that cover a frame.
  var frameTiles: Int { (height + 3) / 4 * ((width + 3) / 4) }
}

extension vared_winograd_tiling {
  /// That of a convolution of `input` to `output`.
  init(_ input: ActivationShape, to output: ActivationShape) {
    self.init(
      height: Int32(input.height), width: Int32(input.width), in_blocks: Int32(input.blocks),
      out_blocks: Int32(output.blocks))
  }
}

extension vared_pictures {
  /// The first `frames` of every `stride`-th frame of clips of `shape` side by side.
  init(_ shape: ActivationShape, frames: Int, stride: Int = 1) {
    self.init(
      frames: Int32(frames), clip_floats: shape.clipFloats, block_floats: shape.blockFloats,
      frame_floats: stride * shape.framePixels * ChannelBlock.lanes)
  }
}
