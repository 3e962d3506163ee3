// The random numbers of one training clip, drawn before anything is known about its video.

/// What chance decides about a training clip, each a number in [0, 1).
///
/// Drawn from `SplitMix64(seed:)` in the order of the fields, whatever the video: a clip depends
/// on its seed and its own file only.
struct AugmentationDraw: Equatable {
  let window: Double
  let scale: Double
  let x: Double
  let y: Double
  let flip: Double

  /// What has random numbers of its own, `SplitMix64(mixing: seed, number)`: none of them changes
  /// when another is switched on.
  enum Feature: UInt64 {
    case crop = 1
    case color = 2
    case mixing = 3
    case randAugment = 4
  }

  init(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    window = random.unit()
    scale = random.unit()
    x = random.unit()
    y = random.unit()
    flip = random.unit()
  }
}
