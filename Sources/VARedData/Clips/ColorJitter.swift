// Colours of a training clip varied at random, all frames alike.

/// How far brightness, contrast and saturation vary: torchvision's `ColorJitter` without hue.
///
/// Each has a factor uniform in `max(0, 1 − v) … 1 + v`; the three come in random order.
public struct ColorJitter: Sendable, Equatable, LosslessStringConvertible {
  /// v of the brightness.
  public let brightness: Double
  /// v of the contrast.
  public let contrast: Double
  /// v of the saturation.
  public let saturation: Double

  /// `0.4,0.4,0.4`: brightness, contrast and saturation, each from 0 to 10; nil for anything else.
  public init?(_ description: String) {
    let values = description.split(separator: ",", omittingEmptySubsequences: false).map {
      Double($0).flatMap { (0...10).contains($0) ? $0 : nil }
    }
    guard values.count == 3, let b = values[0], let c = values[1], let s = values[2] else {
      return nil
    }
    (brightness, contrast, saturation) = (b, c, s)
  }

  /// As it is written: `0.4,0.4,0.4`.
  public var description: String { "\(brightness),\(contrast),\(saturation)" }

  /// One of the three changes.
  enum Change: Equatable {
    case brightness(Float)
    case contrast(Float)
    case saturation(Float)
  }

  /// What is done to the clip of this seed, in this order.
  func changes(seed: UInt64) -> [Change] {
    var random = SplitMix64(mixing: seed, AugmentationDraw.Feature.color.rawValue)
    func factor(_ v: Double) -> Float {
      let least = max(0, 1 - v)
      return Float(least + random.unit() * (1 + v - least))
    }
    var changes = [
      Change.brightness(factor(brightness)), .contrast(factor(contrast)),
      .saturation(factor(saturation)),
    ]
    for i in [2, 1] { changes.swapAt(i, random.below(i + 1)) }
    return changes
  }
}

/// Changes the colours of a frame: three planes of values 0…1, as torchvision does of floats.
///
/// Grey is `0.2989 R + 0.587 G + 0.114 B`; results are kept in 0…1.
struct FrameColors {
  /// The first value of red; green and blue follow `planeStride` apart.
  let base: UnsafeMutablePointer<Float>
  let planeStride: Int
  /// Values of a plane.
  let count: Int

  func apply(_ change: ColorJitter.Change) {
    switch change {
    case .brightness(let factor): blend(factor) { _ in 0 }
    case .contrast(let factor):
      let mean = (0..<count).reduce(0.0) { $0 + Double(grey($1)) } / Double(count)
      blend(factor) { _ in Float(mean) }
    case .saturation(let factor): blend(factor) { grey($0) }
    }
  }

  private func grey(_ pixel: Int) -> Float {
    0.2989 * base[pixel] + 0.587 * base[planeStride + pixel] + 0.114 * base[2 * planeStride + pixel]
  }

  /// `factor · value + (1 − factor) · other`.
  private func blend(_ factor: Float, with other: (Int) -> Float) {
    for pixel in 0..<count {
      let rest = (1 - factor) * other(pixel)
      for channel in 0..<3 {
        let place = channel * planeStride + pixel
        base[place] = min(1, max(0, factor * base[place] + rest))
      }
    }
  }
}

extension ColorJitter {
  /// Changes the colours of a finished clip, `[3, T, H, W]`, normalized.
  func apply(seed: UInt64, to clip: UnsafeMutablePointer<Float>, _ geometry: ClipGeometry) {
    let changes = changes(seed: seed)
    let plane = geometry.size * geometry.size
    let channelFloats = geometry.frames * plane
    for channel in 0..<3 {
      let (mean, deviation) = (ClipWriter.mean[channel], ClipWriter.deviation[channel])
      for i in channel * channelFloats..<(channel + 1) * channelFloats {
        clip[i] = clip[i] * deviation + mean
      }
    }
    for frame in 0..<geometry.frames {
      let colors = FrameColors(
        base: clip + frame * plane, planeStride: channelFloats, count: plane)
      for change in changes { colors.apply(change) }
    }
    for channel in 0..<3 {
      let (mean, deviation) = (ClipWriter.mean[channel], ClipWriter.deviation[channel])
      for i in channel * channelFloats..<(channel + 1) * channelFloats {
        clip[i] = (clip[i] - mean) / deviation
      }
    }
  }
}
