// Which frames of a video are stored: all of them, or so many a second, for so many seconds.

/// Some frames of a video, in display order, and when they are shown.
struct FrameSelection {
  let frames: [Int]
  /// The frames' times; nil where the video has none and they are counted.
  let times: [Int64]?
  /// Frames per second of what is selected; 0 where the video does not say.
  let fps: Double

  /// Seconds that the frames are shown for; 0 where the video does not say.
  var duration: Double { fps > 0 ? Double(frames.count) / fps : 0 }

  /// The frames of a video of `timeline` that the options keep.
  ///
  /// Where more than `options.fps` frames a second are there, one is taken for each beat of that
  /// rate from the first frame on: the one whose time is nearest, each once.
  ///
  /// - Parameters:
  ///   - timeline: all frames.
  ///   - tick: seconds of a unit of its times.
  ///   - rate: frames per second that the container names, for frames without times.
  ///   - options: what is kept.
  init(_ timeline: FrameTimeline, tick: Double, rate: Double, _ options: PreparationOptions) {
    if let times = timeline.display?.times, timeline.count > 1 {
      self.init(times, tick, rate, options)
    } else {
      self.init(counting: timeline, rate, options)
    }
  }

  private init(_ all: [Int64], _ tick: Double, _ rate: Double, _ options: PreparationOptions) {
    let seconds = all.map { (Double($0) - Double(all[0])) * tick }
    let limit = options.maxSeconds > 0 ? options.maxSeconds : .infinity
    let kept = max(1, seconds.prefix { $0 < limit }.count)
    var frames = Array(0..<kept)
    let ownRate = Double(kept - 1) / max(seconds[kept - 1], .leastNormalMagnitude)
    if options.fps > 0, kept > 1, ownRate > options.fps * 1.000_001 {
      frames = FrameSelection.nearest(Array(seconds[..<kept]), rate: options.fps)
    }
    self.frames = frames
    times = frames.map { all[$0] }
    let span = seconds[frames[frames.count - 1]]
    fps = span > 0 ? Double(frames.count - 1) / span : rate
  }

  private init(counting timeline: FrameTimeline, _ rate: Double, _ options: PreparationOptions) {
    let isLimited = options.maxSeconds > 0 && rate > 0
    let limit = isLimited ? (options.maxSeconds * rate).rounded(.up) : .infinity
    let kept = Double(timeline.count) <= limit ? timeline.count : max(1, Int(limit))
    let ratio = options.fps > 0 && rate > options.fps * 1.000_001 ? rate / options.fps : 1
    let frames = (0..<kept).lazy.map { Int((Double($0) * ratio).rounded()) }.prefix { $0 < kept }
    self.frames = Array(frames)
    times = (timeline.display?.times).map { times in frames.map { times[$0] } }
    fps = ratio > 1 ? options.fps : rate
  }

  /// The frame nearest to each beat, each once; `seconds` ascends from 0.
  private static func nearest(_ seconds: [Double], rate: Double) -> [Int] {
    var frames: [Int] = []
    var at = 0
    var beat = 0.0
    while beat / rate <= seconds[seconds.count - 1] {
      let time = beat / rate
      while at + 1 < seconds.count, seconds[at + 1] - time <= time - seconds[at] { at += 1 }
      if frames.last != at { frames.append(at) }
      // Beats in a gap that show the same frame once more are passed in one step.
      let next = at + 1 < seconds.count ? (seconds[at] + seconds[at + 1]) / 2 : time
      let after = max(beat + 1, (next * rate).rounded(.down))
      guard after > beat else { break }  // times beyond what a Double counts
      beat = after
    }
    return frames
  }
}
