// Training clips mixed with others, and labels that are not all or nothing.

/// Label smoothing, mixup and CutMix of training clips with one label each.
///
/// A clip is mixed with a partner from the whole split, which the loader decodes beside it: what a
/// clip becomes is a function of its own seed, whatever batch and rank it is in. The clip's own
/// share is at least a half.
public struct LabelMixing: Sendable, Equatable {
  /// ε: targets are `(1 − ε)·y + ε/classes`.
  public var smoothing = 0.0
  /// α of mixup (Zhang et al. 2018), the share is of Beta(α, α); 0: no mixup.
  public var mixup = 0.0
  /// α of CutMix (Yun et al. 2019); 0: none. With mixup too, either is taken for half of the clips.
  public var cutmix = 0.0

  /// Nothing is mixed or smoothed.
  public init() {}

  /// Whether targets are other than the labels.
  public var isActive: Bool { smoothing > 0 || mixup > 0 || cutmix > 0 }

  /// What the clip of this seed is mixed with; nil: it is not.
  ///
  /// - Parameters:
  ///   - count: clips of the split.
  ///   - size: height and width of a clip.
  func draw(seed: UInt64, count: Int, size: Int) -> ClipMix? {
    guard mixup > 0 || cutmix > 0 else { return nil }
    var random = SplitMix64(mixing: seed, AugmentationDraw.Feature.mixing.rawValue)
    let partner = random.below(count)
    let partnerSeed = random.next()
    let cuts = cutmix > 0 && (mixup == 0 || random.unit() < 0.5)
    let drawn = random.beta(cuts ? cutmix : mixup)
    let share = max(drawn, 1 - drawn)
    guard cuts else {
      return ClipMix(partner: partner, seed: partnerSeed, share: share, box: nil)
    }
    let box = ClipMix.Box(
      share: 1 - share, centre: (random.below(size), random.below(size)), size: size)
    return ClipMix(
      partner: partner, seed: partnerSeed, share: 1 - Double(box.area) / Double(size * size),
      box: box)
  }

  /// The targets of a clip of class `label`, of which `share` is its own and the rest of class
  /// `other`.
  func targets(label: Int, share: Double, other: Int, classes: Int) -> [Float] {
    var row = [Double](repeating: 0, count: classes)
    row[label] += share
    row[other] += 1 - share
    return row.map { Float((1 - smoothing) * $0 + smoothing / Double(classes)) }
  }
}

/// What one clip is mixed with.
struct ClipMix: Equatable {
  /// Rows and columns of every frame that are the partner's.
  struct Box: Equatable {
    let rows: Range<Int>
    let columns: Range<Int>

    /// A square of the frame's area times `share`, cut off at its edges.
    init(share: Double, centre: (x: Int, y: Int), size: Int) {
      let half = Int(Double(size) * share.squareRoot()) / 2
      func range(_ centre: Int) -> Range<Int> {
        max(0, centre - half)..<min(size, centre + half)
      }
      (rows, columns) = (range(centre.y), range(centre.x))
    }

    var area: Int { rows.count * columns.count }
  }

  /// The partner's index in the split.
  let partner: Int
  /// The seed of its view.
  let seed: UInt64
  /// What of the clip is its own.
  let share: Double
  /// nil: mixup.
  let box: Box?

  /// Mixes `other` into `clip`, both `[3, T, H, W]`.
  func apply(
    to clip: UnsafeMutablePointer<Float>, _ other: [Float], _ geometry: ClipGeometry
  ) {
    guard let box else {
      let (own, rest) = (Float(share), Float(1 - share))
      for i in 0..<geometry.floatCount { clip[i] = own * clip[i] + rest * other[i] }
      return
    }
    for plane in 0..<3 * geometry.frames {
      for y in box.rows {
        let line = (plane * geometry.size + y) * geometry.size
        for x in box.columns { clip[line + x] = other[line + x] }
      }
    }
  }
}
