// The gradient of the weights of a convolution over space with fewer multiplications.

import CKernels

/// `dW = Σ x ⋆ dy` of the convolutions that `Winograd` pays for, by the adjoint of the same minimal
/// filtering; 2.5 times as fast as a sum of outer products at the first two stages of R(2+1)D-18
/// (measured in `Benchmarks/README.md`).
///
/// Sums are in the same order whatever the number of threads. Threads share out channel blocks
/// first, then the products of each of the 36 points with a few output blocks.
struct WinogradGradient {
  /// Tiles between two additions to the sums: their points stay near the processor, and the sums,
  /// which may be larger than the caches, are not read for every few.
  private static let strip = 64

  private let geometry: ConvolutionGeometry
  private let scratch: Scratch

  /// nil where it does not pay.
  /// - Parameter scratch: memory for the points of a strip and of the sums.
  init?(_ geometry: ConvolutionGeometry, scratch: Scratch) {
    guard Winograd.pays(for: geometry) else { return nil }
    self.geometry = geometry
    self.scratch = scratch
  }

  /// - Parameters:
  ///   - x: each clip's input, whole.
  ///   - dy: each clip's gradient of the part.
  ///   - affine: see `ConvolutionInput`.
  ///   - dWeight: the part's rows of the weights, assigned, or added to where `accumulate`.
  func run(
    _ x: [UnsafePointer<Float>?], _ dy: [UnsafePointer<Float>?], part: ConvolutionPart,
    affine: Affine?, into dWeight: UnsafeMutablePointer<Float>, accumulate: Bool
  ) {
    withJob(x, dy, part: part, affine: affine) { job, clipTiles in
      forEachStrip(of: x.count * clipTiles, &job) { job in
        transform(job)
        let items = kernels.winograd_gradient_items(&job.pointee.tiling)
        Parallel.forEach(Int(items)) { kernels.winograd_gradient_sum(job, Int32($0)) }
      }
      Parallel.forEach(Int(job.tiling.out_blocks)) { [job] block in
        withUnsafePointer(to: job) {
          kernels.winograd_gradient_taps($0, Int32(block), dWeight, accumulate)
        }
      }
    }
  }

  /// The same, each clip's gradient added to the weights' sums in fixed point. A few output blocks
  /// at a time go the whole way, so that they stay in the caches.
  func addClipByClip(
    _ x: [UnsafePointer<Float>?], _ dy: [UnsafePointer<Float>?], part: ConvolutionPart,
    affine: Affine?, into weight: Parameter
  ) {
    withJob(x, dy, part: part, affine: affine) { job, clipTiles in
      for _ in x {
        forEachStrip(of: clipTiles, &job) { job in
          transform(job)
          let groups = kernels.winograd_gradient_items(&job.pointee.tiling) / Int32(WINOGRAD_POINTS)
          Parallel.forEach(Int(groups)) { group in
            sum(job, group: Int32(group), isLast: Int(job.pointee.last) == clipTiles, into: weight)
          }
        }
        job.x += 1
        job.dy += 1
      }
    }
  }

  /// The points of one group of output blocks; after a clip's last tiles, its gradient.
  private func sum(
    _ job: UnsafeMutablePointer<vared_winograd_gradient_job>, group: Int32, isLast: Bool,
    into weight: Parameter
  ) {
    for item in group * Int32(WINOGRAD_POINTS)..<(group + 1) * Int32(WINOGRAD_POINTS) {
      kernels.winograd_gradient_sum(job, item)
    }
    guard isLast else { return }
    let first = kernels.winograd_gradient_block(&job.pointee.tiling, group)
    let end = kernels.winograd_gradient_block(&job.pointee.tiling, group + 1)
    let blockFloats = geometry.input.blocks * 9 * ChannelBlock.lanes * ChannelBlock.lanes
    for block in first..<end {
      kernels.winograd_gradient_taps(job, block, weight.gradient, false)
      weight.addClip(from: Int(block) * blockFloats, count: blockFloats)
    }
  }

  private var kernels: vared_kernels { ChannelBlock.kernels }

  /// Calls `body` with a job for these clips and the number of tiles of each.
  private func withJob(
    _ x: [UnsafePointer<Float>?], _ dy: [UnsafePointer<Float>?], part: ConvolutionPart,
    affine: Affine?, _ body: (inout vared_winograd_gradient_job, Int) -> Void
  ) {
    precondition(!x.isEmpty && x.count == dy.count, "a gradient of no clips")
    let output = geometry.output(of: part)
    x.withUnsafeBufferPointer { x in
      dy.withUnsafeBufferPointer { dy in
        var job = vared_winograd_gradient_job()
        job.tiling = vared_winograd_tiling(geometry.input, to: output)
        (job.x, job.dy) = (x.baseAddress, dy.baseAddress)
        job.in = .init(geometry.input, frames: output.frames, stride: part.temporalStride)
        job.out = .init(output, frames: output.frames)
        job.scale = affine?.scale
        job.shift = affine?.shift
        borrow(for: &job)
        body(&job, output.frames * output.frameTiles)
      }
    }
  }

  private func borrow(for job: inout vared_winograd_gradient_job) {
    let points = kernels.winograd_gradient_floats(&job.tiling, Int32(Self.strip))
    job.points = scratch.floats(points + kernels.winograd_weight_floats(&job.tiling))
    job.sums = job.points + points
  }

  /// Calls `body` with one strip of `tiles` after the other.
  private func forEachStrip(
    of tiles: Int, _ job: inout vared_winograd_gradient_job,
    _ body: (UnsafeMutablePointer<vared_winograd_gradient_job>) -> Void
  ) {
    for first in stride(from: 0, to: tiles, by: Self.strip) {
      job.first = Int32(first)
      job.last = Int32(min(tiles, first + Self.strip))
      withUnsafeMutablePointer(to: &job, body)
    }
  }

  /// The points of a strip.
  private func transform(_ job: UnsafeMutablePointer<vared_winograd_gradient_job>) {
    let blocks = job.pointee.tiling.in_blocks + job.pointee.tiling.out_blocks
    Parallel.forEach(Int(blocks)) { kernels.winograd_gradient_points(job, Int32($0)) }
  }
}
