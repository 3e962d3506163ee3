// What network to build.

/// A network cannot be built as configured.
public struct NetworkError: Error, CustomStringConvertible {
  /// What was expected, what was found, what to do.
  public let description: String
}

/// A network, fixed or dynamic (METHOD §5).
public struct NetworkConfiguration: Equatable, Sendable, Codable {
  /// Which network.
  public var architecture = Architecture.r2plus1d18
  /// Channel multiplier: `c` channels of the published network are `round(c·width)`.
  public var width = 1.0
  /// Output classes.
  public var classes: Int
  /// Frames of a clip.
  public var frames: Int
  /// Height and width of a clip, in pixels.
  public var size: Int
  /// The dynamic convolutions' settings; nil builds the fixed network.
  public var dynamic: DynamicConfiguration?

  /// - Parameters:
  ///   - classes: output classes.
  ///   - frames: frames of a clip.
  ///   - size: height and width of a clip, in pixels.
  public init(classes: Int, frames: Int, size: Int) {
    self.classes = classes
    self.frames = frames
    self.size = size
  }

  /// Smallest height and width that leave every stage at least one pixel to learn from.
  public static let minimumSize = 16

  /// `[3, T, H, W]`: what the network reads.
  public var clip: ActivationShape {
    ActivationShape(channels: 3, frames: frames, height: size, width: size)
  }

  /// - Throws: `NetworkError` naming the setting that cannot be, and what it may be.
  public func validate() throws {
    func require(_ condition: Bool, _ what: String) throws {
      if !condition { throw NetworkError(description: what) }
    }
    try require(
      width > 0 && width <= 4, "width: expected a multiplier above 0 and up to 4, found \(width)")
    try require(classes >= 2, "classes: expected at least 2, found \(classes)")
    try require(
      frames >= 1 && frames <= 256, "frames: expected between 1 and 256, found \(frames)")
    try require(
      size >= Self.minimumSize && size <= 1024,
      "size: expected between \(Self.minimumSize) and 1024 pixels, found \(size)")
    guard let dynamic else { return }
    try require(
      (1...4).contains(dynamic.temporalCandidates),
      "temporal-candidates: expected between 1 and 4, found \(dynamic.temporalCandidates)")
    try require(
      (1...4).contains(dynamic.channelCandidates),
      "channel-candidates: expected between 1 and 4, found \(dynamic.channelCandidates)")
    try require(
      (1...1024).contains(dynamic.gateHidden),
      "gate-hidden: expected between 1 and 1024, found \(dynamic.gateHidden)")
  }
}
