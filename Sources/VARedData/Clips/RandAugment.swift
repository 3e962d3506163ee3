// Some operations of a list, drawn at random: RandAugment (Cubuk et al. 2019).

/// How many operations are done to a training clip, and how strong they are: RandAugment (Cubuk et
/// al., arXiv:1909.13719) with torchvision's list and its magnitudes of 31 steps.
///
/// All frames of a clip go through the same operations. Which, in which order and in which
/// direction is a function of the clip's seed.
public struct RandAugment: Sendable, Equatable, LosslessStringConvertible {
  /// N: operations that are done one after the other.
  public let operations: Int
  /// M: their magnitude, 0 to 30.
  public let magnitude: Int

  static let operationCounts = 1...16
  static let magnitudes = 0...30

  /// `2,9`: operations (1 to 16) and magnitude (0 to 30); nil for anything else.
  public init?(_ description: String) {
    let parts = description.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 2, let operations = Int(parts[0]), let magnitude = Int(parts[1]),
      Self.operationCounts.contains(operations), Self.magnitudes.contains(magnitude)
    else { return nil }
    (self.operations, self.magnitude) = (operations, magnitude)
  }

  /// As it is written: `2,9`.
  public var description: String { "\(operations),\(magnitude)" }

  /// The list that is drawn from, each with the same probability.
  enum Operation: String, CaseIterable {
    case identity, shearX, shearY, translateX, translateY, rotate, brightness, color, contrast
    case sharpness, posterize, solarize, autoContrast, equalize

    /// Whether half of the draws go the other way.
    var isSigned: Bool {
      switch self {
      case .identity, .posterize, .solarize, .autoContrast, .equalize: false
      default: true
      }
    }

    /// What it does to a frame of `size` × `size` pixels at magnitude `m` of 30.
    func change(magnitude m: Int, isNegative: Bool, size: Int) -> FrameChange {
      let share = Double(m) / Double(RandAugment.magnitudes.upperBound) * (isNegative ? -1 : 1)
      switch self {
      case .identity: return .identity
      case .shearX: return .affine(FrameAffine(xByY: 0.3 * share))
      case .shearY: return .affine(FrameAffine(yByX: 0.3 * share))
      case .translateX:
        return .affine(FrameAffine(shiftX: (150 / 331 * Double(size) * share).rounded(.towardZero)))
      case .translateY:
        return .affine(FrameAffine(shiftY: (150 / 331 * Double(size) * share).rounded(.towardZero)))
      case .rotate: return .affine(FrameAffine(degrees: 30 * share, size: size))
      case .brightness: return .brightness(Float(1 + 0.9 * share))
      case .color: return .color(Float(1 + 0.9 * share))
      case .contrast: return .contrast(Float(1 + 0.9 * share))
      case .sharpness: return .sharpness(Float(1 + 0.9 * share))
      case .posterize: return .posterize(bits: 8 - Int((Double(m) / 7.5).rounded()))
      case .solarize: return .solarize(from: 255 - 255 * abs(share))
      case .autoContrast: return .autoContrast
      case .equalize: return .equalize
      }
    }
  }

  /// What is done to the frames of the clip of this seed, in this order.
  func changes(seed: UInt64, size: Int) -> [FrameChange] {
    var random = SplitMix64(mixing: seed, AugmentationDraw.Feature.randAugment.rawValue)
    return (0..<operations).map { _ in
      let operation = Operation.allCases[random.below(Operation.allCases.count)]
      let isNegative = random.unit() < 0.5
      return operation.change(
        magnitude: magnitude, isNegative: operation.isSigned && isNegative, size: size)
    }
  }

  /// Changes a finished clip, `[3, T, H, W]`, whose values are normalized bytes, and leaves it so.
  func apply(seed: UInt64, to clip: UnsafeMutablePointer<Float>, _ geometry: ClipGeometry) {
    let changes = changes(seed: seed, size: geometry.size).filter { $0 != .identity }
    guard !changes.isEmpty else { return }
    let plane = geometry.size * geometry.size
    var frame = FramePixels(size: geometry.size)
    for number in 0..<geometry.frames {
      for channel in 0..<3 {
        let source = clip + (channel * geometry.frames + number) * plane
        let (mean, deviation) = (ClipWriter.mean[channel], ClipWriter.deviation[channel])
        for i in 0..<plane {
          let value = ((source[i] * deviation + mean) * 255).rounded()
          frame.bytes[channel * plane + i] = UInt8(min(255, max(0, value)))
        }
      }
      for change in changes { frame.apply(change) }
      for channel in 0..<3 {
        let target = clip + (channel * geometry.frames + number) * plane
        let table = ClipWriter.normalized[channel]
        for i in 0..<plane { target[i] = table[Int(frame.bytes[channel * plane + i])] }
      }
    }
  }
}
