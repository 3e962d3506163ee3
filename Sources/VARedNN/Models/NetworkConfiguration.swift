// What network to build.

/// A network cannot be built as configured.
public struct NetworkError: Error, CustomStringConvertible {
  /// The setting at fault, in kebab-case.
  public let setting: String
  /// What was expected, what was found, what to do.
  public let problem: String

  /// `width: expected …`.
  public var description: String { "\(setting): \(problem)" }
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
  /// What a dynamic network's candidates take on a machine: costs are then in seconds, and
  /// candidates that save none are not offered; nil: costs are MACs.
  public var seconds: CandidateSeconds?

  /// - Parameters:
  ///   - classes: output classes.
  ///   - frames: frames of a clip.
  ///   - size: height and width of a clip, in pixels.
  public init(classes: Int, frames: Int, size: Int) {
    self.classes = classes
    self.frames = frames
    self.size = size
  }

  /// What `width` may be: anything above 0, and not beyond 4.
  public static let widths = Double.leastNormalMagnitude...4
  /// What `frames` may be.
  public static let frameCounts = 1...256
  /// What `size` may be; the smallest leaves every stage at least one pixel to learn from.
  public static let sizes = 16...1024

  /// `[3, T, H, W]`: what the network reads.
  public var clip: ActivationShape {
    ActivationShape(channels: 3, frames: frames, height: size, width: size)
  }

  /// - Throws: `NetworkError` naming the setting that cannot be, and what it may be.
  public func validate() throws {
    func require(_ condition: Bool, _ setting: String, _ problem: String) throws {
      if !condition { throw NetworkError(setting: setting, problem: problem) }
    }
    func require(
      _ value: Int, in range: ClosedRange<Int>, _ setting: String, unit: String = ""
    ) throws {
      let span = "\(range.lowerBound) and \(range.upperBound)"
      try require(
        range.contains(value), setting, "expected between \(span)\(unit), found \(value)")
    }
    try require(
      Self.widths.contains(width), "width",
      "expected a multiplier above 0 and up to \(Int(Self.widths.upperBound)), found \(width)")
    try require(classes >= 2, "classes", "expected at least 2, found \(classes)")
    try require(frames, in: Self.frameCounts, "frames")
    try require(size, in: Self.sizes, "size", unit: " pixels")
    guard let dynamic else { return }
    typealias Dynamic = DynamicConfiguration
    try require(dynamic.temporalCandidates, in: Dynamic.candidateCounts, "temporal-candidates")
    try require(dynamic.channelCandidates, in: Dynamic.candidateCounts, "channel-candidates")
    try require(dynamic.gateHidden, in: Dynamic.hiddenUnits, "gate-hidden")
  }
}
