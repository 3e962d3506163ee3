// A part of a picture of random area and aspect.

import Foundation

/// torchvision's `RandomResizedCrop`: an area uniform in 0.08 … 1 of the picture's and an aspect
/// whose logarithm is uniform in that of ¾ … 4⁄3, ten tries; if none fits, the largest part of an
/// aspect in that range, in the centre.
struct ResizedCrop: Equatable {
  let x: Int
  let y: Int
  let width: Int
  let height: Int

  static let areas = 0.08...1.0
  static let aspects = 3.0 / 4...4.0 / 3

  /// The part of a picture of `width` × `height` square pixels that the clip of this seed shows.
  init(width: Int, height: Int, seed: UInt64) {
    var random = SplitMix64(mixing: seed, AugmentationDraw.Feature.crop.rawValue)
    let (lower, upper) = (log(Self.aspects.lowerBound), log(Self.aspects.upperBound))
    for _ in 0..<10 {
      let share = Self.areas.lowerBound + random.unit() * (1 - Self.areas.lowerBound)
      let area = share * Double(width) * Double(height)
      let aspect = exp(lower + random.unit() * (upper - lower))
      let w = Int((area * aspect).squareRoot().rounded())
      let h = Int((area / aspect).squareRoot().rounded())
      guard w >= 1, h >= 1, w <= width, h <= height else { continue }
      self.init(
        x: random.below(width - w + 1), y: random.below(height - h + 1), width: w, height: h)
      return
    }
    self.init(centreOf: width, height)
  }

  private init(x: Int, y: Int, width: Int, height: Int) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }

  init(centreOf width: Int, _ height: Int) {
    let aspect = Double(width) / Double(height)
    var (w, h) = (width, height)
    if aspect < Self.aspects.lowerBound {
      h = min(height, max(1, Int((Double(width) / Self.aspects.lowerBound).rounded())))
    } else if aspect > Self.aspects.upperBound {
      w = min(width, max(1, Int((Double(height) * Self.aspects.upperBound).rounded())))
    }
    self.init(x: (width - w) / 2, y: (height - h) / 2, width: w, height: h)
  }
}
