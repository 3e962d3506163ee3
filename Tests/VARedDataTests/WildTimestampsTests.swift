// A wrong timestamp never makes a clip one still picture, wherever it is.

import Foundation
import Testing

@testable import VARedData

@Suite struct WildTimestampsTests {
  let folder: TemporaryFolder
  private let geometry = ClipGeometry(frames: 8, frameStride: 2, size: 32)

  init() throws { folder = try TemporaryFolder() }

  /// Twenty frames at 10 a second; `wild` gives some of them other times, in milliseconds.
  private func makeVideo(_ name: String, wild: [Int: Int]) throws -> String {
    var settings = EncoderSettings()
    (settings.codecs, settings.frameRate, settings.reorderedFrames) = (["flv"], 10, 0)
    let path = folder.file(name)
    try makeCounter(path, frames: 20, step: 10, settings: settings)
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    var (place, frame) = (13, 0)
    while place + 11 < bytes.count {
      let size = bytes[place + 1..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      if bytes[place] == 9 {
        let time = UInt32(truncatingIfNeeded: wild[frame] ?? 100 * frame)
        for (offset, shift) in [(4, 16), (5, 8), (6, 0), (7, 24)] {
          bytes[place + offset] = UInt8(truncatingIfNeeded: time >> UInt32(shift))
        }
        frame += 1
      }
      place += size + 15
    }
    #expect(frame == 20)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  private static let late = Dictionary(
    uniqueKeysWithValues: (1..<20).map { ($0, 100_000 + 100 * $0) })
  private static let halves = Dictionary(
    uniqueKeysWithValues: (10..<20).map { ($0, 100_000 + 100 * $0) })

  @Test(arguments: [
    late, halves, [0: 100_000], [1: 100_000], [10: 100_000], [19: 100_000], [10: -100_000],
    [3: 50_000, 4: 90_000, 15: 10], [0: 300_000, 19: 0],
  ])
  func shownFramesAreSpreadOverTheFrames(wild: [Int: Int]) throws {
    let path = try makeVideo("wild.flv", wild: wild)
    let clip = try SeenClip(path, .center, geometry)
    #expect(clip.frames(step: 10) == (0..<8).map { 2 + 2 * $0 }, "\(wild)")
  }

  @Test func theBatchHasANote() throws {
    _ = try makeVideo("wild.flv", wild: Self.late)
    _ = try makeVideo("good.flv", wild: [:])
    let list = try folder.write(
      "path,label,split\ngood.flv,a,train\nwild.flv,b,train\n", to: "labels.csv")
    let loader = ClipLoader(
      dataset: try Dataset.open(list), split: .train, geometry: geometry, batches: [[0, 1]],
      view: { _ in .center }, threads: 1, ahead: 1)
    let batch = try #require(try loader.next())
    #expect(batch.bad.isEmpty && batch.notes.map(\.path) == ["wild.flv"])
    let text = try #require(batch.notes.first?.text)
    #expect(text.hasPrefix("a gap in its timestamps, 100.1 s after frame 1 of 20"), "\(text)")
  }
}
