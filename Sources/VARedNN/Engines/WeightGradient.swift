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
  ///   - dWeight: the part's rows of the weights, assigned, or added to where `accumulate`.
  ///   - clip: a clip's input, whole, and the gradient of the part of its output that was computed.
  func run(
    clips n: Int, part: ConvolutionPart, affine: Affine?,
    into dWeight: UnsafeMutablePointer<Float>, accumulate: Bool,
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
    if let winograd {
      return winograd.run(
        x, dy, part: part, affine: affine, into: dWeight, accumulate: accumulate)
    }
    let kernels = ChannelBlock.kernels
    let threads = Parallel.threads
    x.withUnsafeBufferPointer { x in
      dy.withUnsafeBufferPointer { dy in
        var job = vared_weight_gradient_job(
          input: .init(geometry.input), output: .init(geometry.output(of: part)),
          kernel: .init(geometry.kernel),
          stride: .init(
            Extent(geometry.stride.t * part.temporalStride, geometry.stride.h, geometry.stride.w)),
          in_blocks: Int32(geometry.input.blocks),
          out_blocks: Int32(ChannelBlock.count(part.channels)), x: x.baseAddress,
          dy: dy.baseAddress, clips: Int32(x.count),
          scale: affine?.scale,
          shift: affine?.shift, accumulate: accumulate, first: 0,
          last: 0)
        let pairs = Int(job.in_blocks * job.out_blocks)
        let floats = kernels.weight_gradient_scratch(&job)
        let memory = scratch.floats(threads * floats)
        Parallel.forEach(threads) { thread in
          var share = job
          share.first = Int32(pairs * thread / threads)
          share.last = Int32(pairs * (thread + 1) / threads)
          kernels.weight_gradient(&share, dWeight, memory + thread * floats)
        }
      }
    }
  }
}
