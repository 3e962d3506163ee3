// How the stored frame lies in the picture that a player shows: rotation and mirroring.

/// One of the eight ways a stored frame (u, v) can lie in the displayed picture (x, y).
///
/// From the container's display matrix `[a b 0; c d 0; x y 1]` (ISO 14496-12 §8.3.2): a stored
/// pixel (u, v) is shown at (a·u + c·v + x, b·u + d·v + y). Phones write 90°, 180° and 270° there;
/// any other angle is taken to the nearest of these.
struct DisplayOrientation: Hashable {
  /// Display x runs along the stored rows' v.
  var transposed = false
  /// Display x runs against the stored axis it lies on.
  var reversesX = false
  /// Display y runs against the stored axis it lies on.
  var reversesY = false

  static let upright = DisplayOrientation()

  init() {}

  /// The orientation of a 9-number display matrix in row order.
  init(displayMatrix matrix: UnsafePointer<Int32>) {
    let (a, b, c, d) = (Int64(matrix[0]), Int64(matrix[1]), Int64(matrix[3]), Int64(matrix[4]))
    transposed = abs(b) + abs(c) > abs(a) + abs(d)
    reversesX = (transposed ? c : a) < 0
    reversesY = (transposed ? b : d) < 0
  }
}
