// When frames are shown, with the gaps left out that are no pause but a wrong timestamp.

/// The display times of a video's frames, in the order they are shown.
///
/// A step from one frame to the next is taken as time where it is forward and either at most
/// `longestPause` or at most `longestStep` times the median step: slide shows, and recordings of
/// screens that stand still for a while, keep their pauses. Any other step is a wrong timestamp or
/// a cut, and is made as long as the median step, so that the frames after it are not lost behind
/// a picture that stands still; where the frame after it goes on from the frame before it, only
/// that one timestamp is wrong. A frame without a timestamp lies evenly between its neighbours.
struct DisplayTimes: Equatable {
  /// Seconds that any video may stand still.
  static let longestPause = 5.0
  /// Median steps that a video may stand still.
  static let longestStep = 20.0

  /// Steps that are not taken as time.
  struct Gaps: Equatable {
    var count = 0
    /// The largest of them, in seconds; negative where time runs backwards.
    var seconds = 0.0
    /// The frame after which it comes.
    var frame = 0
  }

  /// The time of each frame in units of the time base, ascending.
  let times: [Int64]
  /// What was left out; nil: nothing.
  let gaps: Gaps?

  /// - Parameters:
  ///   - shown: the timestamp of each frame in the order they are shown.
  ///   - unitSeconds: seconds in a unit of the time base.
  init(_ shown: [Int64?], unitSeconds: Double) {
    let steps = zip(shown, shown.dropFirst()).map { before, after -> Double? in
      guard let before, let after else { return nil }
      return Double(after) - Double(before)
    }
    let forward = steps.compactMap { $0 }.filter { $0 > 0 }.sorted()
    let median = forward.isEmpty ? 1 : forward[(forward.count - 1) / 2]
    let longest = max(
      DisplayTimes.longestPause / unitSeconds, DisplayTimes.longestStep * median)
    self.init(shown, median: median, longest: longest, unitSeconds: unitSeconds)
  }

  /// Times that were told already, ascending.
  init(taken times: [Int64]) {
    self.times = times
    gaps = nil
  }

  private init(_ shown: [Int64?], median: Double, longest: Double, unitSeconds: Double) {
    var gaps = Gaps()
    var times: [Int64] = []
    /// The last frame whose timestamp was taken.
    var base: (frame: Int, stamp: Int64)?
    func step(to stamp: Int64?) -> Double? {
      guard let base, let stamp else { return nil }
      return Double(stamp) - Double(base.stamp)
    }
    func isTime(_ step: Double) -> Bool { step > 0 && step <= longest }
    for (frame, stamp) in shown.enumerated() {
      var time = (times.last ?? 0) &+ Int64(min(median, 0x1p62))
      defer { times.append(time) }
      guard let stamp else { continue }
      guard let known = base, let length = step(to: stamp) else {
        if times.isEmpty { time = stamp }
        base = (frame, stamp)
        continue
      }
      if isTime(length) {
        let start = times[known.frame]
        for between in known.frame + 1..<frame {
          let share = Double(between - known.frame) / Double(frame - known.frame)
          times[between] = start &+ Int64(min(length * share, 0x1p62))
        }
        time = start &+ Int64(min(length, 0x1p62))
      } else {
        if length != 0 {
          gaps.count += 1
          if abs(length * unitSeconds) > abs(gaps.seconds) {
            (gaps.seconds, gaps.frame) = (length * unitSeconds, frame - 1)
          }
        }
        let isAlone = frame + 1 < shown.count && step(to: shown[frame + 1]).map(isTime) == true
        if isAlone { continue }
      }
      base = (frame, stamp)
    }
    self.times = times
    self.gaps = gaps.count == 0 ? nil : gaps
  }

  /// One line about the gaps, for whoever trains on the file; nil: there are none.
  var note: String? {
    guard let gaps else { return nil }
    let size = (abs(gaps.seconds) * 10).rounded() / 10
    let what =
      gaps.count == 1
      ? "a gap in its timestamps, \(size) s"
      : "\(gaps.count) gaps in its timestamps, the largest \(size) s"
    let direction = gaps.seconds < 0 ? "backwards " : ""
    return what + " \(direction)after frame \(gaps.frame + 1) of \(times.count)"
      + ", not taken as time: frames are picked as if they followed each other"
  }
}
