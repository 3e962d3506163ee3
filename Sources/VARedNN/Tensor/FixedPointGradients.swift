// Sums of gradients over clips that are the same bits in whatever order they are taken.

import CKernels
import Synchronization

/// A sum over the clips of a step for every float of `Parameters.gradients`, in fixed point.
///
/// Each clip's gradient, which no other clip has a part in, is rounded to a multiple of one power
/// of two, the *unit*, and these are added as whole numbers: exactly, so that neither the order of
/// the clips nor which rank adds which matters. With 24 clips the unit is 2⁻⁴⁷, 7·10⁻¹⁵; a
/// gradient of a clip of 1024 or more does not fit, and is a failure of the step.
public final class FixedPointGradients {
  /// Clips of a step at most.
  public static let mostClips = 4096

  /// The sums, in units. Whole numbers, so ranks may add theirs in any order.
  public let sums: UnsafeMutableBufferPointer<Int64>
  /// Whether all that was added since `clear` did fit. Adding may go on on several threads.
  public var fits: Bool { !overflowed.load(ordering: .relaxed) }

  /// Above all gradients of a clip that are those of a training that goes well.
  private static let limit: Float = 1024
  private let unit: Double
  private let overflowed = Atomic(false)
  /// Whether all sums are zero.
  private var isClear = false

  /// - Parameters:
  ///   - count: floats of the gradients.
  ///   - clipsPerStep: of all ranks, at most `mostClips`.
  init(count: Int, clipsPerStep: Int) {
    precondition((1...Self.mostClips).contains(clipsPerStep), "\(clipsPerStep) clips a step")
    sums = .allocate(capacity: count)
    sums.initialize(repeating: 0)
    // `clipsPerStep` times the limit is at most 2⁶² units.
    let bits = 62 - 10 - (Int.bitWidth - (clipsPerStep - 1).leadingZeroBitCount)
    unit = Double(sign: .plus, exponent: -bits, significand: 1)
  }

  deinit { sums.deallocate() }

  /// Before the first clip of a step.
  func clear() {
    if !isClear { sums.update(repeating: 0) }
    isClear = false
    overflowed.store(false, ordering: .relaxed)
  }

  /// Adds a clip's gradients of the parameters from `offset` on.
  func add(_ values: UnsafePointer<Float>, count: Int, at offset: Int) {
    guard
      !vared_add_fixed(
        sums.baseAddress! + offset, values, count, 1 / unit, Self.limit)
    else { return }
    overflowed.store(true, ordering: .relaxed)
  }

  /// Adds a clip's gradient of one parameter.
  func add(_ value: Double, at index: Int) {
    guard abs(value) < Double(Self.limit) else {
      return overflowed.store(true, ordering: .relaxed)
    }
    sums[index] += Int64((value / unit).rounded(.toNearestOrEven))
  }

  /// Writes the sums as floats and clears them, while they are in the caches.
  func move(to gradients: UnsafeMutableBufferPointer<Float>) {
    let piece = 1 << 16
    Parallel.forEach((sums.count + piece - 1) / piece) { i in
      let first = i * piece
      let (source, count) = (sums.baseAddress! + first, min(piece, sums.count - first))
      vared_from_fixed(gradients.baseAddress! + first, source, count, unit)
      source.update(repeating: 0, count: count)
    }
    isClear = true
  }
}
