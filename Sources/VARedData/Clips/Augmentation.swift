// How training clips are varied beside their place in time.

/// Which part of a picture a training clip shows.
public enum CropMode: String, CaseIterable, Sendable {
  /// A square of the picture, scaled to a random short side.
  case jittered
  /// A part of random area and aspect, scaled to the clip's square (torchvision's
  /// `RandomResizedCrop`).
  case resized
}

/// The short sides, in pixels, that pictures are scaled to before a square is cut from them.
public struct ScaleJitter: Sendable, Equatable, LosslessStringConvertible {
  /// The least and the greatest.
  public let shortSides: ClosedRange<Int>

  /// `128-160`; nil for anything else.
  public init?(_ description: String) {
    let parts = description.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let least = Int(parts[0]), let most = Int(parts[1]), least >= 1,
      least <= most, most <= 4096
    else { return nil }
    shortSides = least...most
  }

  /// As it is written: `128-160`.
  public var description: String { "\(shortSides.lowerBound)-\(shortSides.upperBound)" }
}

/// How the picture of a training clip is varied; all frames of a clip alike.
public struct Augmentation: Sendable, Equatable {
  /// Which part is shown.
  public var crop = CropMode.jittered
  /// Short sides of a jittered crop; nil: those of the clip's size (`CropPlacement`).
  public var scaleJitter: ScaleJitter?
  /// Whether half of the clips are mirrored; not where left and right are classes.
  public var flips = true
  /// How much colours vary; nil: not at all.
  public var colorJitter: ColorJitter?
  /// Operations drawn from a list, before the colours vary; nil: none.
  public var randAugment: RandAugment?

  /// Random scale, crop and flip.
  public static let standard = Augmentation()

  /// The standard ones.
  public init() {}
}
