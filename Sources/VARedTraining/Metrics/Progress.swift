// What a person sees while training: a bar on a terminal, a line now and then elsewhere.

import Foundation

/// The progress of a run on rank 0's standard output; other ranks have none.
final class Progress {
  private let isTerminal: Bool
  private let columns: Int
  private let epochs: Int
  private let stepsPerEpoch: Int
  /// Seconds between plain lines.
  private let lineSeconds: Double
  private var lastLine = ContinuousClock.now
  private var stepSeconds: Double?
  private var pace = RankPace()
  private var barIsShown = false

  init(epochs: Int, stepsPerEpoch: Int, lineSeconds: Double = 10) {
    isTerminal = Terminal.isWatched()
    columns = Terminal.columns()
    self.epochs = epochs
    self.stepsPerEpoch = stepsPerEpoch
    self.lineSeconds = lineSeconds
  }

  /// Shows a step: `position` is where the run is after it, `epoch` the epoch (from 1) it was in.
  func step(_ record: StepRecord, position: TrainingPosition, epoch: Int) {
    let mean = stepSeconds.map { 0.9 * $0 + 0.1 * record.wallSeconds } ?? record.wallSeconds
    stepSeconds = mean
    record.rankTimes.map { pace.add($0) }
    let inEpoch = position.epochStep == 0 ? stepsPerEpoch : position.epochStep
    let left = (epochs - position.epoch) * stepsPerEpoch - position.epochStep
    let place = (epoch: "\(epoch)/\(epochs)", step: "\(inEpoch)/\(stepsPerEpoch)")
    func numbers(decimals: Int) -> String {
      Self.numbers(record, decimals: decimals, secondsLeft: mean * Double(left))
    }
    func line(_ remark: String?) -> String {
      "epoch \(place.epoch) step \(place.step) \(numbers(decimals: 4))"
        + (remark.map { "; " + $0 } ?? "")
    }
    if Terminal.verbosity == .verbose {
      say(line(Self.seconds(record)))
    } else if isTerminal, Terminal.verbosity == .normal {
      let bar = Self.bar(
        Double(inEpoch) / Double(stepsPerEpoch), "epoch \(place.epoch) \(place.step)",
        numbers(decimals: 2), pace.words, columns: columns)
      Terminal.write("\r" + bar + "\u{1B}[K")
      barIsShown = true
    } else if inEpoch == stepsPerEpoch || position.step == 1
      || lastLine.duration(to: .now) / .seconds(1) >= lineSeconds
    {
      lastLine = .now
      Terminal.say(line(pace.words))
    }
  }

  /// Writes a line of its own, below the bar where there is one.
  func say(_ line: String) { write(line, by: Terminal.say) }

  /// The same of a line that is shown in any case.
  func conclude(_ line: String) { write(line, by: Terminal.conclude) }

  /// Writes a warning to standard error, below the bar where there is one.
  func warn(_ line: String) { write(line, by: Terminal.warn) }

  /// Takes the bar away, for that of an evaluation.
  func clear() {
    if barIsShown { Terminal.write("\r\u{1B}[K") }
    barIsShown = false
  }

  private func write(_ line: String, by put: (String) -> Void) {
    if barIsShown { Terminal.write("\n") }
    barIsShown = false
    put(line)
  }

  /// `forward 0.452 backward 0.560 allreduce 0.000 data 0.000 s`.
  static func seconds(_ record: StepRecord) -> String {
    String(
      format: "forward %.3f backward %.3f allreduce %.3f data %.3f s", record.forwardSeconds,
      record.backwardSeconds, record.allReduceSeconds, record.dataSeconds)
  }

  /// `loss 0.6931 acc 0.5000 conv 0.71 3.2 clips/s left 3m 20s`; with `time 0.83` behind the conv
  /// ratio where costs are in seconds.
  static func numbers(_ record: StepRecord, decimals: Int, secondsLeft: Double) -> String {
    String(
      format: "loss %.*f acc %.*f conv %.2f%@ %.1f clips/s left %@", decimals, record.loss,
      decimals, record.accuracy, record.convRatio,
      record.timeRatio.map { String(format: " time %.2f", $0) } ?? "",
      record.clips / record.wallSeconds, duration(secondsLeft))
  }

  /// `place [###...] numbers; remark`, the bar as wide as there is room, cut so that it never
  /// wraps; without the remark where there is no room for both.
  static func bar(
    _ fraction: Double, _ place: String, _ numbers: String, _ remark: String? = nil, columns: Int
  ) -> String {
    if let remark, place.count + numbers.count + remark.count + 11 <= columns {
      return bar(fraction, place, "\(numbers); \(remark)", columns: columns)
    }
    let width = min(24, columns - place.count - numbers.count - 5)
    guard width >= 4 else { return String("\(place) \(numbers)".prefix(max(1, columns - 1))) }
    let full = Int((fraction * Double(width)).rounded())
    let bar = String(repeating: "#", count: full) + String(repeating: ".", count: width - full)
    return "\(place) [\(bar)] \(numbers)"
  }

  /// `1d 3h`, `2h 05m`, `3m 20s`, `12s`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let whole = Int(max(0, seconds).rounded())
    let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60)
    if days > 0 { return "\(days)d \(hours)h" }
    if hours > 0 { return String(format: "%dh %02dm", hours, minutes) }
    return minutes > 0 ? String(format: "%dm %02ds", minutes, whole % 60) : "\(whole)s"
  }
}
