// Windows in time and placements in space, as numbers.

import Testing

@testable import VARedData

@Suite struct ClipWindowTests {
  private let geometry = ClipGeometry(frames: 4, frameStride: 3, size: 112)

  @Test func theCentreWindow() {
    #expect(clipFrames(of: 21, view: .center, geometry: geometry) == [5, 8, 11, 14])
    #expect(clipFrames(of: 10, view: .center, geometry: geometry) == [0, 3, 6, 9])
  }

  @Test func shortVideosAreLooped() {
    #expect(clipFrames(of: 5, view: .center, geometry: geometry) == [0, 3, 1, 4])
    #expect(
      clipFrames(of: 1, view: .train(seed: 9, augment: .standard), geometry: geometry) == [
        0, 0, 0, 0,
      ])
  }

  @Test func trainingReachesEveryWindow() {
    let starts = (0..<400).map {
      clipFrames(of: 15, view: .train(seed: $0, augment: nil), geometry: geometry)[0]
    }
    #expect(Set(starts) == Set(0...5))
  }

  @Test func windowsSpreadFromFirstToLast() {
    func starts(_ windows: Int) -> [Int] {
      (0..<windows).map {
        clipFrames(
          of: 30, view: .window(index: $0, of: windows, crop: 0, crops: 1), geometry: geometry)[0]
      }
    }
    #expect(starts(1) == [10])
    #expect(starts(2) == [0, 20])
    #expect(starts(5) == [0, 5, 10, 15, 20])
    #expect(starts(4) == [0, 7, 13, 20])
  }

  @Test func evaluationScalesToTheProportionalSize() {
    let placement = CropPlacement(width: 340, height: 256, view: .center, size: 112)
    #expect(placement.width == 170 && placement.height == 128)
    #expect(placement.x == 29 && placement.y == 8 && !placement.isMirrored)
  }

  @Test func threeCropsRunAlongTheLongSide() {
    func corner(_ crop: Int, _ width: Double, _ height: Double) -> [Int] {
      let view = View.window(index: 0, of: 1, crop: crop, crops: 3)
      let placement = CropPlacement(width: width, height: height, view: view, size: 112)
      return [placement.x, placement.y]
    }
    #expect((0..<3).map { corner($0, 256, 128) } == [[0, 8], [72, 8], [144, 8]])
    #expect((0..<3).map { corner($0, 128, 256) } == [[8, 0], [8, 72], [8, 144]])
  }

  @Test func trainingDrawsScalePlaceAndFlip() {
    let all = (0..<600).map {
      CropPlacement(width: 640, height: 480, view: .train(seed: $0, augment: .standard), size: 112)
    }
    #expect(Set(all.map(\.height)) == Set(128...160))
    #expect(all.allSatisfy { $0.x >= 0 && $0.y >= 0 })
    #expect(all.allSatisfy { $0.x + 112 <= $0.width && $0.y + 112 <= $0.height })
    let mirrored = all.filter(\.isMirrored).count
    #expect((240...360).contains(mirrored))
    let plain = CropPlacement(
      width: 640, height: 480, view: .train(seed: 1, augment: nil), size: 112)
    #expect(plain == CropPlacement(width: 640, height: 480, view: .center, size: 112))
  }

  @Test func smallPicturesKeepTheirShortSide() {
    let same = CropPlacement(width: 48, height: 32, view: .center, size: 32)
    #expect(same == CropPlacement(width: 48, height: 32, view: .center, size: 32))
    #expect(same.width == 48 && same.height == 32 && same.x == 8 && same.y == 0)
    let tiny = CropPlacement(width: 2, height: 2, view: .center, size: 32)
    #expect(tiny.width == 32 && tiny.height == 32)
    let heights = (0..<200).map {
      CropPlacement(width: 48, height: 32, view: .train(seed: $0, augment: .standard), size: 32)
        .height
    }
    #expect(Set(heights) == Set(32...40))
  }

  private func timeline(_ times: [Int64?]) -> FrameTimeline {
    FrameTimeline(
      Array(times.indices), of: times.map { VideoPacket(pts: $0) }, counts: false,
      unitSeconds: 0.01)
  }

  private func frames(_ times: [Int64?]) -> [Int] {
    let timeline = timeline(times)
    return times.indices.map(timeline.frame(atBeat:))
  }

  @Test func aBeatIsAStepInTime() {
    #expect(frames([0, 33, 67, 100, 133, 167]) == Array(0..<6))
    #expect(frames([0, 10, 20, 30, 70, 110]) == [0, 2, 3, 4, 4, 5])
    #expect(timeline([nil, nil]).display == nil)
    #expect(frames([nil, nil, nil]) == [0, 1, 2])
  }

  @Test func pausesAreTime() {
    // A recording of a screen at ten frames a second that stands still for two seconds.
    let paused: [Int64] = (0..<10).map { 10 * $0 } + (0..<10).map { 290 + 10 * $0 }
    #expect(timeline(paused).display?.gaps == nil)
    #expect(Set(frames(paused)).count == 12)
    // Slides, four to thirty seconds each.
    let slides: [Int64] = [0, 400, 1200, 1700, 4700, 5200]
    #expect(timeline(slides).display?.times == slides && timeline(slides).display?.gaps == nil)
  }

  @Test(
    arguments: [
      [0, 10010, 10020, 10030, 10040, 10050], [0, 10, 20, 10030, 40, 50],
      [0, 10, 20, -10030, 40, 50], [0, 10, 20, 30, 40, 10050], [0, 10, 20, 30, 40, -10050],
      [0, 10010, 20020, 20030, 40, 50], [0, 10, 10, 10, 20, 30], [0, 10, nil, 30, nil, 50],
      [nil, 10, 20, 30, 40, 50], [0, Int64.max, Int64.min, 30, 40, 50],
    ] as [[Int64?]])
  func wrongTimesAreNoTime(times: [Int64?]) {
    #expect(frames(times) == Array(0..<6), "\(times)")
    let display = timeline(times).display
    let hasGap = times.contains { abs(Double($0 ?? 0)) > 1000 }
    #expect((display?.note != nil) == hasGap, "\(times)")
  }

  @Test func theLargestGapIsNamed() throws {
    let note = try #require(timeline([0, 10, 20, 10030, 10040, 30050]).display?.note)
    #expect(note.hasPrefix("2 gaps in its timestamps, the largest 200.1 s after frame 5 of 6"))
  }
}
