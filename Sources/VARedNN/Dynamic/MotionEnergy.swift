// How much a gate's input moves (METHOD §4).

import CKernels

/// A gate that sees motion energy reads it behind the means: `[N, 2·C·T]`, index `c·T + t` in each
/// half.
final class MotionEnergy {
  private let shape: ActivationShape
  private let operations: OperationRecord
  private let inputs: FloatBuffer
  /// `∂L/∂input [n, 2·C·T]`, divided by the pixels of a frame: written before `propagate`.
  let gradient: FloatBuffer

  /// - Parameters:
  ///   - batch: clips at most.
  ///   - operations: where forward is recorded.
  init(_ shape: ActivationShape, batch: Int, operations: OperationRecord) {
    self.shape = shape
    self.operations = operations
    inputs = FloatBuffer(batch * 2 * shape.meanCount)
    gradient = FloatBuffer(batch * 2 * shape.meanCount)
  }

  /// `C·T`.
  var meanCount: Int { shape.meanCount }

  /// `2·C·T`.
  var inputCount: Int { 2 * shape.meanCount }

  /// Means and motion energy of `n` clips, `[n, 2·C·T]`, kept until the next call.
  func inputs(_ x: FeatureMap, count n: Int) -> UnsafePointer<Float> {
    guard let motion = x.motion, motion.isTaken else {
      preconditionFailure("a gate reads motion energy that was not taken")
    }
    let count = shape.meanCount
    for clip in 0..<n {
      let input = inputs.base + clip * 2 * count
      input.update(from: x.means + clip * count, count: count)
      (input + count).update(from: motion.energies.base + clip * count, count: count)
    }
    // A difference, its size and a sum for every pixel but those of the first frame: carried out by
    // the call that wrote x.
    operations.record(
      calls: 0, flops: n * 3 * shape.channels * (shape.frames - 1) * shape.framePixels)
    return UnsafePointer(inputs.base)
  }

  /// The adjoint, from `gradient`: `dMeans [n, C·T]` is assigned, what reaches `x` by its motion
  /// energy added to `dx`.
  func propagate(
    _ x: ConvolutionInput, into dMeans: UnsafeMutablePointer<Float>, dx: MutableBlockedClips
  ) {
    let (n, count) = (x.clips.count, shape.meanCount)
    for clip in 0..<n {
      (dMeans + clip * count).update(from: gradient.base + clip * 2 * count, count: count)
    }
    Parallel.forEach(n * shape.blocks) { item in
      let channel = item % shape.blocks * ChannelBlock.lanes
      let data = vared_affine(
        data: x.clips.item(item), scale: x.affine.map { $0.scale + channel },
        shift: x.affine.map { $0.shift + channel })
      ChannelBlock.kernels.motion_energy_gradient(
        dx.item(item), data,
        gradient.base + (2 * (item / shape.blocks) + 1) * count + channel * shape.frames,
        Int32(min(ChannelBlock.lanes, shape.channels - channel)), Int32(shape.frames),
        Int32(shape.frames), shape.framePixels)
    }
  }
}
