// What a person sees of a long pass over clips: a bar on a terminal, a line now and then elsewhere.

import Foundation

/// How far a pass is, for rank 0 to show.
package struct PassProgress {
  /// Where it is shown.
  package enum Stream: Sendable {
    /// Of commands whose standard output is nothing but progress.
    case output
    /// Of commands whose standard output is what they were asked for.
    case errors
  }

  private let what: String
  private let total: Int
  private let ranks: Int
  private let doneBefore: Int
  private let stream: Stream
  private let isTerminal: Bool
  private let start = ContinuousClock.now
  private var lastLine: ContinuousClock.Instant
  private var barIsShown = false

  /// - Parameters:
  ///   - what: is passed over: `clips`.
  ///   - total: of it.
  ///   - ranks: that do about as much of it as the one that shows it.
  ///   - doneBefore: of it, by an earlier start.
  ///   - stream: where it is shown.
  package init(
    _ what: String, total: Int, ranks: Int = 1, doneBefore: Int = 0, on stream: Stream = .errors
  ) {
    (self.what, self.total, self.ranks) = (what, total, ranks)
    (self.doneBefore, self.stream) = (doneBefore, stream)
    isTerminal = stream == .output ? Terminal.isWatched() : Terminal.errorsAreWatched()
    lastLine = start
  }

  /// Seconds since the start.
  var seconds: Double { start.duration(to: .now) / .seconds(1) }

  /// Shows `done` of this start and rank, `bad` of them bad; elsewhere than on a terminal every
  /// 10 s.
  package mutating func show(done: Int, bad: Int = 0) {
    let now = ContinuousClock.now
    guard Terminal.verbosity > .quiet,
      isTerminal || lastLine.duration(to: now) >= .seconds(10)
    else { return }
    lastLine = now
    let done = done * ranks
    let all = min(total, done + doneBefore)
    let rate = Double(done) / max(seconds, 1e-3)
    let left = done > 0 ? Progress.duration(Double(total - all) / rate) : "?"
    let numbers =
      "\(rate < 10 ? (rate * 10).rounded() / 10 : rate.rounded()) /s"
      + (bad > 0 ? " \(bad) bad" : "") + " left \(left)"
    let place = "\(what) \(all)/\(total)"
    guard isTerminal else { return line("\(place) \(numbers)") }
    let bar = Progress.bar(
      Double(all) / Double(max(1, total)), place, numbers, columns: Terminal.columns())
    put("\r" + bar + "\u{1B}[K")
    barIsShown = true
  }

  /// Takes the bar away.
  package mutating func end() {
    if barIsShown { put("\r\u{1B}[K") }
    barIsShown = false
  }

  private func line(_ text: String) {
    switch stream {
    case .output: Terminal.say(text)
    case .errors: Terminal.warn(text)
    }
  }

  private func put(_ text: String) {
    switch stream {
    case .output: Terminal.write(text)
    case .errors: Terminal.writeError(text)
    }
  }
}
