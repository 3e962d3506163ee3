// A convolution's weights as Winograd's minimal filtering reads them.

import CKernels

/// Memory for the points of filters, and whose they are.
final class WinogradPoints {
  fileprivate let memory = Scratch()
  fileprivate var holder: ObjectIdentifier?
}

/// The 36 points of each 3×3 filter, four times the memory of the filters, made again whenever the
/// weights changed or others borrowed the memory.
final class WinogradWeights {
  private let tiling: vared_winograd_tiling
  private let rotated: Bool
  private let points: WinogradPoints
  private var version = -1
  private var isFolded = false

  /// - Parameters:
  ///   - tiling: of the convolution that reads them.
  ///   - rotated: whether that is the one that computes the gradient of the input.
  init(_ tiling: vared_winograd_tiling, rotated: Bool, in points: WinogradPoints) {
    self.tiling = tiling
    self.rotated = rotated
    self.points = points
  }

  /// The points of the weights as they are now.
  /// - Parameter affine: multiplies each output channel by its scale.
  func current(_ weight: Parameter, folding affine: Affine? = nil) -> UnsafePointer<Float> {
    if version != weight.version || isFolded != (affine != nil)
      || points.holder != ObjectIdentifier(self)
    {
      transform(weight.value, scale: affine?.scale)
      version = weight.version
      isFolded = affine != nil
      points.holder = ObjectIdentifier(self)
    }
    return UnsafePointer(points.memory.base)
  }

  private func transform(_ weights: UnsafePointer<Float>, scale: UnsafePointer<Float>?) {
    let kernels = ChannelBlock.kernels
    withUnsafePointer(to: tiling) { tiling in
      let to = points.memory.floats(kernels.winograd_weight_floats(tiling))
      Parallel.forEach(Int(tiling.pointee.out_blocks)) { block in
        kernels.winograd_weights(tiling, to, weights, Int32(block), rotated, scale)
      }
    }
  }
}
