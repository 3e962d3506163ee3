// Which view of a video a clip shows.

/// Which window of the video and which crop of its frames a clip shows.
public enum View: Sendable, Equatable {
  /// A random window; with `augment` also a random scale, crop, flip and what else it says, else
  /// the centre crop. Everything drawn is a pure function of `seed` (of this clip at this epoch).
  case train(seed: UInt64, augment: Augmentation?)
  /// The centre window and the centre crop.
  case center
  /// Evaluation view: window `index` of `of` spread uniformly over the video, crop `crop` of
  /// `crops` from left to right (top to bottom in an upright video).
  case window(index: Int, of: Int, crop: Int, crops: Int)
}
