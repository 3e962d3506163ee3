// Which frames are stored of a video.

import Testing

@testable import VARedData

@Suite struct FrameSelectionTests {
  private func select(
    _ times: [Int64?], rate: Double = 25, fps: Double = 0, seconds: Double = 0
  ) -> FrameSelection {
    var options = PreparationOptions()
    options.fps = fps
    options.maxSeconds = seconds
    let timeline = FrameTimeline(
      count: times.count, times: times.contains(nil) ? nil : times.compactMap { $0 })
    return FrameSelection(timeline, tick: 0.01, rate: rate, options)
  }

  private let steady = (0..<10).map { Int64(50 + 4 * $0) }

  @Test func everythingByDefault() {
    let all = select(steady)
    #expect(all.frames == Array(0..<10) && all.times == steady)
    #expect(abs(all.fps - 25) < 1e-9 && abs(all.duration - 0.4) < 1e-9)
    let one = select([7])
    #expect(one.frames == [0] && one.fps == 25)
    let counted = select([nil, nil, nil])
    #expect(counted.frames == [0, 1, 2] && counted.times == nil && counted.fps == 25)
  }

  @Test func aCapTakesTheFrameNearestToEachBeat() {
    let half = select(steady, fps: 12.5)
    #expect(half.frames == [0, 2, 4, 6, 8] && abs(half.fps - 12.5) < 1e-9)
    #expect(half.times == [50, 58, 66, 74, 82])
    #expect(select(steady, fps: 25).frames == Array(0..<10))
    #expect(select(steady, fps: 60).frames == Array(0..<10))
    #expect(select(Array(repeating: nil, count: 10), fps: 10).frames == [0, 3, 5, 8])
    // A pause of a minute: the beats in it show the frames at its ends, each once.
    let paused = select([0, 5, 10, 6010, 6015, 6020], fps: 0.05)
    #expect(paused.frames == [0, 2, 3])
    // Times that no clock has end, too.
    #expect(!select([0, 1, .max / 2, .max], fps: 1000).frames.isEmpty)
  }

  @Test func aVideoIsCutAfterSoManySeconds() {
    #expect(select(steady, seconds: 0.1).frames == [0, 1, 2])
    #expect(select(steady, seconds: 0.12).frames == [0, 1, 2])
    #expect(select(steady, seconds: 0.01).frames == [0])
    #expect(select(Array(repeating: nil, count: 10), seconds: 0.1).frames == [0, 1, 2])
    #expect(select(steady, fps: 12.5, seconds: 0.2).frames == [0, 2, 4])
  }
}
