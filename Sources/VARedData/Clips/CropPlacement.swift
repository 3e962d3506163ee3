// Where a clip's square lies in the resized picture: random scale and crop, or the centre.

/// The size a picture is scaled to, and the square that is cut from it.
///
/// Evaluation scales the short side to `size`·128/112 (128 for the 112 of the published models)
/// and cuts the centre. Training draws the short side uniformly from `size`·128/112 …
/// `size`·160/112, the square uniformly from where it fits, and mirrors half of the clips.
/// A picture whose short side is at most `size` was made for that size: its whole short side is
/// kept in evaluation (scaled to `size`, unchanged where equal), and training draws from
/// `size` … `size`·160/128.
/// An `Augmentation` may name other short sides, for all pictures, or ask for a `ResizedCrop`: the
/// whole picture is then scaled so that this part is `size` × `size`.
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
    if case .train(let seed, let augmentation?) = view, augmentation.crop == .resized {
      self.init(
        resizedIn: width, height, seed: seed, size: size,
        isMirrored: augmentation.flips && AugmentationDraw(seed: seed).flip >= 0.5)
    } else {
      self.init(squareOf: width, height, view: view, size: size)
    }
  }

  /// The placement that shows a square of the picture.
  private init(squareOf width: Double, _ height: Double, view: View, size: Int) {
    let short = min(width, height)
    var smallest = short <= Double(size) ? size : (size * 128 + 56) / 112
    var largest = max(smallest, (smallest * 160 + 64) / 128)
    var draw: AugmentationDraw?
    var flips = false
    if case .train(let seed, let augmentation?) = view {
      draw = AugmentationDraw(seed: seed)
      flips = augmentation.flips
      if let sides = augmentation.scaleJitter?.shortSides {
        smallest = max(size, sides.lowerBound)
        largest = max(smallest, sides.upperBound)
      }
    }
    let target = smallest + Int((draw?.scale ?? 0) * Double(largest - smallest + 1))
    let long = max(target, Int((Double(target) * max(width, height) / short).rounded()))
    self.width = width <= height ? target : long
    self.height = width <= height ? long : target
    let (roomX, roomY) = (self.width - size, self.height - size)
    isMirrored = flips && (draw?.flip ?? 0) >= 0.5
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

  /// The placement that shows a random part of a picture of `width` × `height` square pixels.
  private init(
    resizedIn width: Double, _ height: Double, seed: UInt64, size: Int, isMirrored: Bool
  ) {
    let part = ResizedCrop(
      width: max(1, Int(width.rounded())), height: max(1, Int(height.rounded())), seed: seed)
    let (scaleX, scaleY) = (Double(size) / Double(part.width), Double(size) / Double(part.height))
    self.width = max(size, Int((width * scaleX).rounded()))
    self.height = max(size, Int((height * scaleY).rounded()))
    x = min(self.width - size, Int((Double(part.x) * scaleX).rounded()))
    y = min(self.height - size, Int((Double(part.y) * scaleY).rounded()))
    self.isMirrored = isMirrored
  }
}
