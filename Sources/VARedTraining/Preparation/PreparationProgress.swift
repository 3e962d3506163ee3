// What a person sees while a set is prepared.

/// Clips done and time left, on rank 0's standard output.
struct PreparationProgress {
  private let clips: Int
  private let doneBefore: Int
  private let isTerminal = Terminal.isWatched()
  private let start = ContinuousClock.now
  private var lastLine: ContinuousClock.Instant?
  private var barIsShown = false

  /// - Parameters:
  ///   - clips: of the list.
  ///   - doneBefore: those in shards that were there already.
  init(clips: Int, doneBefore: Int) {
    self.clips = clips
    self.doneBefore = doneBefore
  }

  /// Seconds since the start.
  var seconds: Double { start.duration(to: .now) / .seconds(1) }

  /// Shows `done` clips of this run, `bad` of them bad; elsewhere than on a terminal every 10 s.
  mutating func show(done: Int, bad: Int) {
    let now = ContinuousClock.now
    guard isTerminal || lastLine.map({ $0.duration(to: now) >= .seconds(10) }) ?? (done > 0) else {
      return
    }
    lastLine = now
    let all = done + doneBefore
    let rate = Double(done) / max(seconds, 1e-3)
    let left = done > 0 ? Progress.duration(Double(clips - all) / rate) : "?"
    let numbers =
      "\(rate < 10 ? (rate * 10).rounded() / 10 : rate.rounded()) clips/s"
      + (bad > 0 ? " \(bad) bad" : "") + " left \(left)"
    let place = "clips \(all)/\(clips)"
    if isTerminal {
      let bar = Progress.bar(
        Double(all) / Double(max(1, clips)), place, numbers, columns: Terminal.columns())
      Terminal.write("\r" + bar + "\u{1B}[K")
      barIsShown = true
    } else {
      Terminal.say("\(place) \(numbers)")
    }
  }

  /// Writes a line of its own, below the bar where there is one.
  mutating func say(_ line: String) {
    if barIsShown { Terminal.write("\n") }
    Terminal.say(line)
    barIsShown = false
  }
}
