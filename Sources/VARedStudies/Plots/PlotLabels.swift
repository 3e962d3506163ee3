// Where the labels of points go: beside their point, clear of the others where there is room.

import VARedTraining

/// Places labels one after the other.
struct PlotLabels {
  /// A rectangle of the picture that is taken.
  struct Box {
    var left: Double
    var top: Double
    var right: Double
    var bottom: Double

    init(left: Double, top: Double, right: Double, bottom: Double) {
      (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
    }

    init(around centre: PlotPosition, halfWidth: Double, halfHeight: Double) {
      self.init(
        left: centre.x - halfWidth, top: centre.y - halfHeight, right: centre.x + halfWidth,
        bottom: centre.y + halfHeight)
    }

    /// Pixels² that both cover.
    func overlap(_ other: Box) -> Double {
      let width = min(right, other.right) - max(left, other.left)
      let height = min(bottom, other.bottom) - max(top, other.top)
      return width > 0 && height > 0 ? width * height : 0
    }

    var area: Double { (right - left) * (bottom - top) }
  }

  private let area: Box
  private var taken: [Box]

  /// - Parameters:
  ///   - area: where labels may be.
  ///   - taken: what they should not cover.
  init(in area: Box, taken: [Box]) {
    self.area = area
    self.taken = taken
  }

  /// The middle of the baseline of `text` beside the marker at `point`.
  mutating func place(_ text: String, at point: PlotPosition) -> PlotPosition {
    let (half, height) = (PlotStyle.width(text, size: 11.5) / 2, 12.0)
    let side = half + 8
    let offsets = [
      (0.0, -13.0), (side, 0), (-side, 0), (0, 14), (side, -11), (-side, -11), (side, 11),
      (-side, 11), (0, -26), (0, 27),
    ]
    var best = (cost: Double.infinity, box: area)
    for (dx, dy) in offsets {
      let box = Box(
        around: PlotPosition(point.x + dx, point.y + dy), halfWidth: half, halfHeight: height / 2)
      let outside = box.area - box.overlap(area)
      let cost = taken.reduce(4 * outside) { $0 + $1.overlap(box) }
      if cost < best.cost { best = (cost, box) }
    }
    taken.append(best.box)
    return PlotPosition((best.box.left + best.box.right) / 2, best.box.bottom - 2)
  }
}
