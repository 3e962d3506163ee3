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
    precondition(!x.isEmpty && x.count == dy.count, "a gradient of no clips")
    let output = geometry.output(of: part)
    let tiles = x.count * output.frames * output.frameTiles
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
        for first in stride(from: 0, to: tiles, by: Self.strip) {
          job.first = Int32(first)
          job.last = Int32(min(tiles, first + Self.strip))
          add(job)
        }
        withUnsafePointer(to: job) { job in
          Parallel.forEach(output.blocks) {
            ChannelBlock.kernels.winograd_gradient_taps(
              job, Int32($0), dWeight, accumulate)
          }
        }
      }
    }
  }

  private func borrow(for job: inout vared_winograd_gradient_job) {
    let kernels = ChannelBlock.kernels
    let points = kernels.winograd_gradient_floats(&job.tiling, Int32(Self.strip))
    job.points = scratch.floats(points + kernels.winograd_weight_floats(&job.tiling))
    job.sums = job.points + points
  }

  /// Adds the tiles from `first` to `last`.
  private func add(_ job: vared_winograd_gradient_job) {
    let kernels = ChannelBlock.kernels
    withUnsafePointer(to: job) { job in
      let blocks = job.pointee.tiling.in_blocks + job.pointee.tiling.out_blocks
      Parallel.forEach(Int(blocks)) { kernels.winograd_gradient_points(job, Int32($0)) }
      let items = withUnsafePointer(to: job.pointee.tiling) { kernels.winograd_gradient_items($0) }
      Parallel.forEach(Int(items)) { kernels.winograd_gradient_sum(job, Int32($0)) }
    }
  }
}
