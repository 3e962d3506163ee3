// From values to pixels along one axis, and where its ticks are.

import Foundation
import VARedTraining

/// A linear scale.
struct PlotScale {
  /// Values at both ends, the lower one first.
  let range: ClosedRange<Double>
  /// Pixels at both ends.
  let start: Double
  let end: Double

  /// The pixel of `value`.
  func callAsFunction(_ value: Double) -> Double {
    start + (value - range.lowerBound) / (range.upperBound - range.lowerBound) * (end - start)
  }

  /// Steps of 1, 2 or 5 times a power of ten: about `count` of them over `width`.
  static func step(over width: Double, count: Int) -> Double {
    let rough = width / Double(count)
    let power = pow(10, floor(log10(rough)))
    return power * ([1, 2, 5].first { $0 * power >= rough * 0.999 } ?? 10)
  }

  /// The multiples of `step` in the range.
  func ticks(step: Double) -> [Double] {
    let first = (range.lowerBound / step - 1e-9).rounded(.up)
    let last = (range.upperBound / step + 1e-9).rounded(.down)
    guard last >= first else { return [] }
    return (0...Int(last - first)).map { (first + Double($0)) * step }
  }

  /// The finite ones of `values`, rounded outwards to whole steps; with room where they are all the
  /// same.
  static func range(of values: [Double], count: Int) -> ClosedRange<Double> {
    let values = values.filter(\.isFinite)
    guard var low = values.min(), var high = values.max() else { return 0...1 }
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-30) {
      let room = max(abs(low) * 0.1, 1e-3)
      (low, high) = (low - room, high + room)
    }
    let step = step(over: high - low, count: count)
    return (low / step + 1e-9).rounded(.down) * step...(high / step - 1e-9).rounded(.up) * step
  }

  /// A tick's value with the digits that `step` needs.
  static func label(_ value: Double, step: Double) -> String {
    if max(abs(value), step) >= 1e6 || step < 1e-5 { return String(format: "%.4g", value) }
    let digits = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
    // What rounds to zero is written without a sign.
    return String(format: "%.\(digits)f", abs(value) < step / 2 ? 0 : value)
  }
}
