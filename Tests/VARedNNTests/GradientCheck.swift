// Central differences against analytic gradients.

import Testing

@testable import VARedNN

/// Checks `gradient` of `loss` with respect to `values` at `samples` places, by central differences
/// in single precision.
///
/// A place where the two one-sided differences disagree lies on a kink (a ReLU, a gate that opens):
/// another is taken for it, so that what is checked does not depend on how many kinks there are.
/// The check fails if it runs out of places.
func checkGradient(
  _ name: String, of values: UnsafeMutableBufferPointer<Float>, gradient: [Float],
  samples: Int = 16, step: Float = 1e-2, tolerance: Double = 0.02, changed: () -> Void = {},
  sourceLocation: SourceLocation = #_sourceLocation, loss: () throws -> Double
) rethrows {
  let scale = Double(gradient.reduce(0) { max($0, abs($1)) })
  #expect(scale > 0, "\(name): the gradient is zero everywhere", sourceLocation: sourceLocation)
  var stream = RandomStream(seed: 7, name: name)
  var (checked, tried) = (0, 0)
  let middle = try loss()
  while checked < samples && tried < 4 * samples {
    tried += 1
    let i = Int(stream.next() % UInt64(gradient.count))
    let old = values[i]
    func at(_ value: Float) throws -> Double {
      values[i] = value
      changed()
      return try loss()
    }
    let (above, below) = (try at(old + step), try at(old - step))
    values[i] = old
    changed()
    let right = (above - middle) / Double(step)
    let left = (middle - below) / Double(step)
    let allowed = tolerance * (scale + abs(Double(gradient[i])))
    if abs(right - left) > allowed { continue }
    checked += 1
    let error = abs((right + left) / 2 - Double(gradient[i]))
    #expect(
      error <= allowed,
      "\(name)[\(i)]: difference quotient \((right + left) / 2), gradient \(gradient[i])",
      sourceLocation: sourceLocation)
  }
  #expect(
    checked == samples, "\(name): all but \(checked) of \(tried) places lie on a kink",
    sourceLocation: sourceLocation)
}

/// Calls `body` with a mutable copy of `values`.
func withCopy(
  of values: [Float], _ body: (UnsafeMutableBufferPointer<Float>) throws -> Void
) rethrows {
  var copy = values
  try copy.withUnsafeMutableBufferPointer { try body($0) }
}

/// Reproducible normal values.
func normals(_ count: Int, _ name: String, scale: Float = 1) -> [Float] {
  var stream = RandomStream(seed: 1, name: name)
  return (0..<count).map { _ in scale * Float(stream.normal()) }
}

/// Plain `[N, C, T, H, W]` values to and from the channel-blocked layout.
enum Blocked {
  static func forEach(_ shape: ActivationShape, clips: Int, _ body: (Int, Int) -> Void) {
    let lanes = ChannelBlock.lanes
    for n in 0..<clips {
      for c in 0..<shape.channels {
        for p in 0..<shape.pixels {
          body(
            (n * shape.channels + c) * shape.pixels + p,
            n * shape.clipFloats + (c / lanes * shape.pixels + p) * lanes + c % lanes)
        }
      }
    }
  }

  /// The blocked copy of `plain`, padding zero.
  static func from(_ plain: [Float], _ shape: ActivationShape, clips: Int) -> [Float] {
    var out = [Float](repeating: 0, count: clips * shape.clipFloats)
    forEach(shape, clips: clips) { out[$1] = plain[$0] }
    return out
  }

  /// The plain copy of `blocked`.
  static func plain(
    _ blocked: UnsafePointer<Float>, _ shape: ActivationShape, clips: Int
  ) -> [Float] {
    var out = [Float](repeating: 0, count: clips * shape.channels * shape.pixels)
    forEach(shape, clips: clips) { out[$0] = blocked[$1] }
    return out
  }
}

extension FeatureMap {
  /// Notes the motion energy of the data, as the layer that writes it does in a network.
  func takeMotion(clips: Int) {
    guard let motion else { return }
    motion.isWanted = true
    _ = motion.start()
    motion.energies.all.update(repeating: 0)
    Blocked.forEach(shape, clips: clips) { plain, place in
      let (frame, before) = (plain / shape.framePixels, place - shape.planeFloats)
      guard frame % shape.frames > 0 else { return }
      motion.energies.base[frame] += abs(data[place] - data[before]) / Float(shape.framePixels)
    }
  }

  /// Sets the data from plain values, and what is noted about them.
  func set(_ plain: [Float], clips: Int) {
    let blocked = Blocked.from(plain, shape, clips: clips)
    data.update(from: blocked, count: blocked.count)
    for i in 0..<clips * shape.channels * shape.frames {
      let frame = plain[i * shape.framePixels..<(i + 1) * shape.framePixels]
      means[i] = frame.reduce(0, +) / Float(shape.framePixels)
    }
    takeMotion(clips: clips)
  }
}
