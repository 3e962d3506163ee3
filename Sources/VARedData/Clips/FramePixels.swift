// A frame of bytes, and what RandAugment does to it, as Pillow does it to RGB pictures.

import Foundation

/// One operation with its strength.
enum FrameChange: Equatable {
  case identity
  /// Pixels are taken from elsewhere; black where there is none.
  case affine(FrameAffine)
  /// Away from, or towards: black, grey, the mean grey, a smoothed picture.
  case brightness(Float)
  case color(Float)
  case contrast(Float)
  case sharpness(Float)
  /// Keeps so many upper bits of each value.
  case posterize(bits: Int)
  /// Inverts the values from here on.
  case solarize(from: Double)
  /// Stretches the values of each channel to 0…255.
  case autoContrast
  /// Makes the values of each channel about equally frequent.
  case equalize
}

/// Where the pixel at (x, y), in its middle, is taken from: `(xx·x + xy·y + x0, yx·x + yy·y + y0)`.
struct FrameAffine: Equatable {
  var xx = 1.0
  var xy = 0.0
  var x0 = 0.0
  var yx = 0.0
  var yy = 1.0
  var y0 = 0.0

  /// A shear about the upper left corner.
  init(xByY: Double = 0, yByX: Double = 0) { (xy, yx) = (xByY, yByX) }

  /// The picture moved to the right and down.
  init(shiftX: Double = 0, shiftY: Double = 0) { (x0, y0) = (-shiftX, -shiftY) }

  /// The picture turned about its middle, counter-clockwise.
  init(degrees: Double, size: Int) {
    let (sine, cosine) = (sin(degrees * .pi / 180), cos(degrees * .pi / 180))
    let middle = Double(size) / 2
    (xx, xy, x0) = (cosine, -sine, middle - cosine * middle + sine * middle)
    (yx, yy, y0) = (sine, cosine, middle - sine * middle - cosine * middle)
  }
}

/// A square frame: planes of red, green and blue bytes.
struct FramePixels {
  let size: Int
  /// `[3, size, size]`.
  var bytes: [UInt8]
  private var other: [UInt8]

  private var plane: Int { size * size }

  /// A black frame.
  init(size: Int) {
    self.size = size
    bytes = [UInt8](repeating: 0, count: 3 * size * size)
    other = bytes
  }

  mutating func apply(_ change: FrameChange) {
    switch change {
    case .identity: break
    case .affine(let affine): move(affine)
    case .brightness(let factor): blend(factor) { _, _ in 0 }
    case .color(let factor): blend(factor) { bytes, pixel in Self.grey(bytes, pixel) }
    case .contrast(let factor):
      let sum = (0..<plane).reduce(0) { $0 + Int(Self.grey(bytes, $1)) }
      let mean = UInt8(Double(sum) / Double(plane) + 0.5)
      blend(factor) { _, _ in mean }
    case .sharpness(let factor): sharpen(factor)
    case .posterize(let bits):
      let mask = ~UInt8(truncatingIfNeeded: (1 << (8 - bits)) - 1)
      mapValues { _ in (0...255).map { $0 & mask } }
    case .solarize(let start):
      mapValues { _ in (0...255).map { Double($0) < start ? $0 : 255 - $0 } }
    case .autoContrast: mapValues(Self.stretched)
    case .equalize: mapValues(Self.equalized)
    }
  }

  // MARK: Places

  private mutating func move(_ affine: FrameAffine) {
    let source = bytes
    for y in 0..<size {
      for x in 0..<size {
        let (middleX, middleY) = (Double(x) + 0.5, Double(y) + 0.5)
        let fromX = (affine.xx * middleX + affine.xy * middleY + affine.x0).rounded(.down)
        let fromY = (affine.yx * middleX + affine.yy * middleY + affine.y0).rounded(.down)
        let isInside =
          fromX >= 0 && fromY >= 0 && fromX < Double(size) && fromY < Double(size)
        let from = isInside ? Int(fromY) * size + Int(fromX) : 0
        for channel in 0..<3 {
          bytes[channel * plane + y * size + x] = isInside ? source[channel * plane + from] : 0
        }
      }
    }
  }

  // MARK: Blends

  /// `other + factor · (value − other)` for each value, cut off to a byte.
  private static func blended(_ value: UInt8, _ other: UInt8, _ factor: Float) -> UInt8 {
    let (value, other) = (Float(value), Float(other))
    return UInt8(min(255, max(0, other + factor * (value - other))))
  }

  /// - Parameter other: what a pixel, by its number, is blended with in all channels.
  private mutating func blend(_ factor: Float, with other: ([UInt8], Int) -> UInt8) {
    for pixel in 0..<plane {
      let other = other(bytes, pixel)
      for channel in 0..<3 {
        let place = channel * plane + pixel
        bytes[place] = Self.blended(bytes[place], other, factor)
      }
    }
  }

  /// ITU-R 601 luma in Pillow's fixed point.
  private static func grey(_ bytes: [UInt8], _ pixel: Int) -> UInt8 {
    let plane = bytes.count / 3
    let sum =
      19595 * Int(bytes[pixel]) + 38470 * Int(bytes[plane + pixel])
      + 7471 * Int(bytes[2 * plane + pixel]) + 0x8000
    return UInt8(sum >> 16)
  }

  /// Blends with the mean over 3 × 3 pixels in which the middle counts five times; the outermost
  /// pixels stay as they are.
  private mutating func sharpen(_ factor: Float) {
    guard size > 2 else { return }
    let source = bytes
    for channel in 0..<3 {
      for y in 1..<size - 1 {
        for x in 1..<size - 1 {
          let place = channel * plane + y * size + x
          var sum = 4 * Int(source[place])
          for row in [place - size, place, place + size] {
            sum += Int(source[row - 1]) + Int(source[row]) + Int(source[row + 1])
          }
          let smooth = UInt8((2 * sum + 13) / 26)
          bytes[place] = Self.blended(source[place], smooth, factor)
        }
      }
    }
  }

  // MARK: Values

  /// - Parameter table: what becomes of each value, from how often a channel has it.
  private mutating func mapValues(_ table: ([Int]) -> [UInt8]) {
    for channel in 0..<3 {
      var counts = [Int](repeating: 0, count: 256)
      let range = channel * plane..<(channel + 1) * plane
      for place in range { counts[Int(bytes[place])] += 1 }
      let table = table(counts)
      for place in range { bytes[place] = table[Int(bytes[place])] }
    }
  }

  private static func stretched(_ counts: [Int]) -> [UInt8] {
    guard let least = counts.firstIndex(where: { $0 > 0 }),
      let most = counts.lastIndex(where: { $0 > 0 }), most > least
    else { return Array(0...255) }
    let scale = 255 / Double(most - least)
    let offset = -Double(least) * scale
    return (0...255).map { UInt8(min(255, max(0, Double($0) * scale + offset))) }
  }

  private static func equalized(_ counts: [Int]) -> [UInt8] {
    let last = counts.last { $0 > 0 } ?? 0
    let step = (counts.reduce(0, +) - last) / 255
    guard step > 0 else { return Array(0...255) }
    var sum = step / 2
    return counts.map { count in
      defer { sum += count }
      return UInt8(min(255, sum / step))
    }
  }
}
