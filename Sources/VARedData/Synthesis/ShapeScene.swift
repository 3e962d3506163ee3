// The picture of a moving shape at every frame.

import Foundation

/// One random scene: a shape, how it moves, its colours, its background and the camera's noise.
///
/// Lengths are fractions of the picture's width. At every frame the centre is uniform in a square
/// and the radius in an interval, whatever the motion: travelling and growing bounce between the
/// ends of these ranges from a random place, and the vibration swaps pairs of places that tile
/// the range.
struct ShapeScene {
  private static let places = 0.30...0.70
  private static let radii = 0.18...0.28

  private let shape: MovingShapes.Shape
  private let motion: MovingShapes.Motion
  private let size: Int
  private let start: (x: Double, y: Double, radius: Double)
  private let speed: Double
  private let step: Double
  private let vibratesAcross: Bool
  private let tilt: Double
  private let noise: Double
  private let ink: [Double]
  private let paper: [Double]
  private let slope: (x: Double, y: Double)
  private let ripple: (x: Double, y: Double, phase: Double, height: Double)

  /// - Parameter noise: multiplies the deviation of the camera's noise; the scene's factor is drawn
  ///   from this range, evenly on a logarithmic scale.
  init(
    shape: MovingShapes.Shape, motion: MovingShapes.Motion, size: Int,
    noise: ClosedRange<Double> = 1...1, random: SplitMix64
  ) {
    var random = random
    func draw(_ range: ClosedRange<Double>) -> Double {
      range.lowerBound + random.unit() * (range.upperBound - range.lowerBound)
    }
    (self.shape, self.motion, self.size) = (shape, motion, size)
    start = (draw(Self.places), draw(Self.places), draw(Self.radii))
    speed = draw(0.05...0.09) * (draw(0...1) < 0.5 ? -1 : 1)
    step = (Self.places.upperBound - Self.places.lowerBound) / (draw(0...1) < 0.5 ? 4 : 6)
    vibratesAcross = draw(0...1) < 0.5
    tilt = draw(-0.12...0.12)
    let deviation = draw(1...4)
    (ink, paper) = ShapeScene.colours(&random)
    slope = (draw(-15...15), draw(-15...15))
    ripple = (draw(2...12), draw(2...12), draw(0...6.283), draw(0...6))
    // Drawn last, so that the range changes nothing else.
    let rise = noise.upperBound > noise.lowerBound ? noise.upperBound / noise.lowerBound : 1
    self.noise = deviation * noise.lowerBound * pow(rise, draw(0...1))
  }

  /// The picture at `frame` as size·size·3 RGB bytes.
  func picture(frame: Int, noise random: inout SplitMix64) -> [UInt8] {
    let pose = pose(at: frame)
    var bytes = [UInt8](repeating: 0, count: size * size * 3)
    for row in 0..<size {
      for column in 0..<size {
        let (x, y) = ((Double(column) + 0.5) / Double(size), (Double(row) + 0.5) / Double(size))
        let distance = distance(x - pose.x, y - pose.y, radius: pose.radius) * Double(size)
        let cover = min(1, max(0, 0.5 - distance))
        let shade =
          slope.x * (x - 0.5) + slope.y * (y - 0.5)
          + ripple.height * sin(ripple.x * x + ripple.y * y + ripple.phase)
        for channel in 0..<3 {
          let value = cover * ink[channel] + (1 - cover) * (paper[channel] + shade)
          let seen = value + noise * ShapeScene.gaussian(&random)
          bytes[(row * size + column) * 3 + channel] = UInt8(min(255, max(0, seen.rounded())))
        }
      }
    }
    return bytes
  }

  /// Centre and radius at `frame`.
  func pose(at frame: Int) -> (x: Double, y: Double, radius: Double) {
    var pose = start
    let way = speed * Double(frame)
    switch motion {
    case .still: break
    case .leftRight: pose.x = ShapeScene.bounce(start.x + way, in: Self.places)
    case .upDown: pose.y = ShapeScene.bounce(start.y + way, in: Self.places)
    case .grow: pose.radius = ShapeScene.bounce(start.radius + way / 3, in: Self.radii)
    case .vibrate where frame % 2 == 0: break
    case .vibrate where vibratesAcross: pose.x = partner(of: start.x)
    case .vibrate: pose.y = partner(of: start.y)
    }
    return pose
  }

  /// The other end of the vibration: places are cut into pieces of length `step`, and the pieces
  /// of each pair change places, so the partner of a uniform place is uniform.
  private func partner(of place: Double) -> Double {
    let piece = Int((place - Self.places.lowerBound) / step)
    return piece % 2 == 0 ? place + step : place - step
  }

  private static func bounce(_ value: Double, in range: ClosedRange<Double>) -> Double {
    let length = range.upperBound - range.lowerBound
    let phase = (value - range.lowerBound).truncatingRemainder(dividingBy: 2 * length)
    let positive = phase < 0 ? phase + 2 * length : phase
    return range.lowerBound + (positive <= length ? positive : 2 * length - positive)
  }

  /// Signed distance to the shape's edge, negative inside; shapes of one radius look equally big.
  private func distance(_ dx: Double, _ dy: Double, radius: Double) -> Double {
    let x = dx * cos(tilt) + dy * sin(tilt)
    let y = dy * cos(tilt) - dx * sin(tilt)
    switch shape {
    case .circle: return hypot(x, y) - radius
    case .square: return max(abs(x), abs(y)) - radius * 0.89
    case .triangle: return max(abs(x) * 0.866 + y * 0.5, -y) - radius * 0.75
    case .cross:
      let (long, short) = (max(abs(x), abs(y)), min(abs(x), abs(y)))
      return max(long - radius * 1.1, short - radius * 0.42)
    }
  }

  /// A bright colour on a dark one: 4:2:0 chroma cannot blur the edge away, and with the sign of
  /// the edge fixed a small network learns the motions in hundreds of steps.
  private static func colours(_ random: inout SplitMix64) -> (ink: [Double], paper: [Double]) {
    let paper = (0..<3).map { _ in 110 * random.unit() }
    while true {
      let ink = (0..<3).map { _ in 255 * random.unit() }
      if 0.299 * ink[0] + 0.587 * ink[1] + 0.114 * ink[2] >= 150 { return (ink, paper) }
    }
  }

  /// Nearly normal, deviation 1: the sum of four uniform numbers of 16 bits.
  private static func gaussian(_ random: inout SplitMix64) -> Double {
    let bits = random.next()
    let sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + bits >> 48
    return (Double(sum) / 65535 - 2) * 1.7320508
  }
}
