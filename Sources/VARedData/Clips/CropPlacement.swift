// Where a clip's square lies in the resized picture: random scale and crop, or the centre.

/// The size a picture is scaled to, and the square that is cut from it.
///
/// Evaluation scales the short side to `size`·128/112 (128 for the 112 of the published models)
/// and cuts the centre. Training draws the short side uniformly from `size`·128/112 …
/// `size`·160/112, the square uniformly from where it fits, and mirrors half of the clips.
/// A picture whose short side is at most `size` was made for that size: its whole short side is
/// kept in evaluation (scaled to `size`, unchanged where equal), and training draws from
/// `size` … `size`·160/128.
struct CropPlacement: Equatable {
  /// Width and height of the whole picture after scaling, in pixels as displayed.
  let width: Int
  let height: Int
  /// The square's left and top edge.
  let x: Int
  let y: Int
  /// The clip is mirrored left to right.
  let isMirrored: Bool

  /// The placement for a picture of `width` × `height` square pixels.
  init(width: Double, height: Double, view: View, size: Int) {
    let short = min(width, height)
    let smallest = short <= Double(size) ? size : (size * 128 + 56) / 112
    let largest = max(smallest, (smallest * 160 + 64) / 128)
    var draw: AugmentationDraw?
    if case .train(let seed, true) = view { draw = AugmentationDraw(seed: seed) }
    let target = smallest + Int((draw?.scale ?? 0) * Double(largest - smallest + 1))
    let long = max(target, Int((Double(target) * max(width, height) / short).rounded()))
    self.width = width <= height ? target : long
    self.height = width <= height ? long : target
    let (roomX, roomY) = (self.width - size, self.height - size)
    isMirrored = (draw?.flip ?? 0) >= 0.5
    if let draw {
      x = Int(draw.x * Double(roomX + 1))
      y = Int(draw.y * Double(roomY + 1))
    } else if case .window(_, _, let crop, let crops) = view, crops > 1 {
      let along = (2 * crop * max(roomX, roomY) + crops - 1) / (2 * (crops - 1))
      x = roomX >= roomY ? along : roomX / 2
      y = roomX >= roomY ? roomY / 2 : along
    } else {
      (x, y) = (roomX / 2, roomY / 2)
    }
  }
}
