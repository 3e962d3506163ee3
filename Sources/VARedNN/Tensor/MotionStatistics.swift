// How much an activation moves, measured as it is written.

/// Motion energy of an activation `X` (METHOD §4), taken as `X` is written: for every channel and
/// frame the mean over H and W of `|X[t] − X[t−1]|`, 0 at t = 0.
final class MotionStatistics {
  /// Whether a gate is going to read it: then it is taken from the next pass on.
  var isWanted = false
  /// Whether it was, in the last one.
  private(set) var isTaken = false
  /// `[N, C·T]`, index `c·T + t`.
  let energies: FloatBuffer
  private let shape: ActivationShape
  private let planes: Scratch

  init(_ shape: ActivationShape, batch: Int, planes: Scratch) {
    self.shape = shape
    self.planes = planes
    energies = FloatBuffer(batch * shape.meanCount)
  }

  /// Where the pass that begins writes it; nil where it is not going to be read.
  func start() -> UnsafeMutablePointer<Float>? {
    isTaken = isWanted
    return isWanted ? energies.base : nil
  }

  /// Memory for the frame before of every thread, plane after plane.
  func framesBefore() -> UnsafeMutablePointer<Float> {
    planes.floats(Parallel.threads * shape.planeFloats)
  }
}
