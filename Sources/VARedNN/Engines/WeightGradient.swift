// The gradient of a convolution's weights: an engine of our own.

import CKernels

/// `dW = Σ x ⋆ dy` over clips that need not lie side by side, for any part of the output.
///
/// oneDNN's own kernels take 4 to 45 % longer, most where the kernel is over time alone, and need a
/// primitive for every part and number of clips (measured in `Benchmarks/README.md`). Sums are in
/// the same order whatever the number of threads. Threads share out pairs of an input and an output
/// block, so a layer keeps at most that many of them busy. Where it pays, `WinogradGradient` does
/// all this.
final class WeightGradient {
  /// What a profile calls the engine.
  var implementation: String {
    winograd == nil ? "vared:outer_product" : Winograd.implementation
  }

  /// Of gradients and sums in fixed point that a thread works on at a time: half of the second
  /// cache of today's server cores.
  private static let cachedBytes = 512 << 10

  private let winograd: WinogradGradient?
  private let geometry: ConvolutionGeometry
  private let scratch: Scratch
  private var x: [UnsafePointer<Float>?] = []
  private var dy: [UnsafePointer<Float>?] = []

  /// - Parameter scratch: memory for the inputs that are computed again.
  init(_ geometry: ConvolutionGeometry, scratch: Scratch) {
    self.geometry = geometry
    self.scratch = scratch
    winograd = WinogradGradient(geometry, scratch: scratch)
  }

  /// - Parameters:
  ///   - affine: see `ConvolutionInput`.
  ///   - weight: whose gradient is assigned in the part's rows, or added to where `accumulate`; its
  ///     sums in fixed point, where it has them, are always added to, clip by clip.
  ///   - clip: a clip's input, whole, and the gradient of the part of its output that was computed.
  func run(
    clips n: Int, part: ConvolutionPart, affine: Affine?,
    into weight: Parameter, accumulate: Bool,
    _ clip: (Int) -> (x: UnsafePointer<Float>, dy: UnsafePointer<Float>)
  ) {
    for i in 0..<n {
      let (x, dy) = clip(i)
      self.x.append(x)
      self.dy.append(dy)
    }
    defer {
      x.removeAll(keepingCapacity: true)
      dy.removeAll(keepingCapacity: true)
    }
    switch (winograd, weight.isSummedByClip) {
    case (let winograd?, true):
      winograd.addClipByClip(x, dy, part: part, affine: affine, into: weight)
    case (let winograd?, false):
      winograd.run(
        x, dy, part: part, affine: affine, into: weight.gradient, accumulate: accumulate)
    case (nil, true):
      withJob(part: part, affine: affine, accumulate: false) { addClipByClip($0, into: weight) }
    case (nil, false):
      withJob(part: part, affine: affine, accumulate: accumulate) { run($0, into: weight.gradient) }
    }
  }

  private func run(_ job: vared_weight_gradient_job, into dWeight: UnsafeMutablePointer<Float>) {
    let threads = Parallel.threads
    let pairs = Int(job.in_blocks * job.out_blocks)
    withScratch(job, pieces: threads) { thread, share, memory in
      share.first = Int32(pairs * thread / threads)
      share.last = Int32(pairs * (thread + 1) / threads)
      ChannelBlock.kernels.weight_gradient(&share, dWeight, memory)
    }
  }

  /// As many pairs as stay in the second cache, with their sums, for one clip after the other: more
  /// would read the sums from memory for each clip, fewer the clips for each few pairs.
  private func addClipByClip(_ job: vared_weight_gradient_job, into weight: Parameter) {
    let (ins, outs) = (Int(job.in_blocks), Int(job.out_blocks))
    let pairFloats = geometry.kernel.volume * ChannelBlock.lanes * ChannelBlock.lanes
    let pairBytes = pairFloats * (MemoryLayout<Float>.size + MemoryLayout<Int64>.size)
    let (pairs, threads) = (ins * outs, Parallel.threads)
    let most = max(1, min(Self.cachedBytes / pairBytes, (pairs + threads - 1) / threads))
    withScratch(job, pieces: (pairs + most - 1) / most) { piece, share, memory in
      let range = piece * most..<min(pairs, (piece + 1) * most)
      share.first = Int32(range.lowerBound)
      share.last = Int32(range.upperBound)
      share.clips = 1
      for _ in 0..<job.clips {
        ChannelBlock.kernels.weight_gradient(&share, weight.gradient, memory)
        for pair in range {
          let (block, out) = (pair / outs, pair % outs)
          weight.addClip(from: (out * ins + block) * pairFloats, count: pairFloats)
        }
        share.x += 1
        share.dy += 1
      }
    }
  }

  /// Calls `body` for every piece, over the threads, with its number, a copy of the job and scratch
  /// memory for it.
  private func withScratch(
    _ job: vared_weight_gradient_job, pieces: Int,
    _ body: (Int, inout vared_weight_gradient_job, UnsafeMutablePointer<Float>) -> Void
  ) {
    var job = job
    let floats = ChannelBlock.kernels.weight_gradient_scratch(&job)
    let memory = scratch.floats(Parallel.threads * floats)
    Parallel.forEach(pieces) { [job] piece in
      var share = job
      body(piece, &share, memory + Parallel.thread * floats)
    }
  }

  /// Calls `body` with a job for the clips of `x` and `dy`.
  private func withJob(
    part: ConvolutionPart, affine: Affine?, accumulate: Bool,
    _ body: (vared_weight_gradient_job) -> Void
  ) {
    x.withUnsafeBufferPointer { x in
      dy.withUnsafeBufferPointer { dy in
        let stride = Extent(
          geometry.stride.t * part.temporalStride, geometry.stride.h, geometry.stride.w)
        // Pixels of a clip side by side, whatever frames they are of: a strip of them is short
        // enough for the first cache.
        let isPointwise = geometry.kernel.volume * stride.volume == 1
        let pixels = vared_extent(t: 1, h: 1, w: Int32(geometry.input.pixels))
        body(
          vared_weight_gradient_job(
            input: isPointwise ? pixels : .init(geometry.input),
            output: isPointwise ? pixels : .init(geometry.output(of: part)),
            kernel: .init(geometry.kernel), stride: .init(stride),
            in_blocks: Int32(geometry.input.blocks),
            out_blocks: Int32(ChannelBlock.count(part.channels)), x: x.baseAddress,
            dy: dy.baseAddress, clips: Int32(x.count),
            scale: affine?.scale,
            shift: affine?.shift, accumulate: accumulate, first: 0, last: 0))
      }
    }
  }
}
