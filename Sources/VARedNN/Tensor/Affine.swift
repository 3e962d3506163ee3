// An affine map of every channel: what batch norm is once its statistics are known.

/// `y = scale·x + shift` for every channel, padding included; memory of the layer that made it,
/// valid while that layer lives.
struct Affine {
  /// `[C]`, padded to whole blocks.
  let scale: UnsafePointer<Float>
  /// `[C]`, padded to whole blocks.
  let shift: UnsafePointer<Float>
}
