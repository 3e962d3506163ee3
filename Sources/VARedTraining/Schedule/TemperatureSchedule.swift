// The temperature of sparsemax gates during the joint stage (METHOD §4).

import Foundation

/// τ falls from `start` to `end`, by the same factor in every step of the joint stage: before it
/// gates do not decide, after it they are frozen.
package struct TemperatureSchedule: Equatable, Sendable {
  /// At the beginning of the joint stage.
  package let start: Double
  /// At its end.
  package let end: Double

  /// - Precondition: both are above 0.
  package init(start: Double, end: Double) { (self.start, self.end) = (start, end) }

  /// τ at `progress` through the joint stage, 0 to 1.
  package func temperature(progress: Double) -> Double {
    start * pow(end / start, min(1, max(0, progress)))
  }
}
