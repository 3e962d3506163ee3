// Clips with several labels: what a batch says of them, and when a label holds.

import Foundation
import Testing

@testable import VARedData

@Suite struct SeveralLabelsTests {
  let folder: TemporaryFolder
  private let geometry = ClipGeometry(frames: 4, frameStride: 2, size: 16)

  init() throws { folder = try TemporaryFolder() }

  private func batch(_ set: Dataset, _ view: @escaping @Sendable (Int) -> View) throws -> ClipBatch
  {
    let loader = ClipLoader(
      dataset: set, split: .train, geometry: geometry, batches: [Array(0..<set.count(.train))],
      view: view, threads: 2, ahead: 1)
    return try #require(try loader.next())
  }

  @Test func everyLabelOfAClip() throws {
    for name in ["a", "b"] { try makeCounter(folder.file("\(name).mp4"), frames: 8) }
    let set = try Dataset.open(
      try folder.write(
        "path,labels,split\na.mp4,run|wave,train\nb.mp4,,train\n", to: "labels.csv"))
    #expect(set.isMultiLabel && set.classes == ["run", "wave"])
    let batch = try batch(set) { .train(seed: UInt64($0), augment: .standard) }
    #expect(batch.targets == [1, 1, 0, 0])
    let single = try Dataset.open(
      try folder.write("path,label,split\na.mp4,run,train\nb.mp4,wave,train\n", to: "one.csv"))
    #expect(try self.batch(single) { _ in .center }.targets.isEmpty)
  }

  /// 50 frames of 25 a second; one action in the first half second, one in the second second, one
  /// in between for a moment.
  @Test func aTrainingWindowHasTheLabelsThatHoldInIt() throws {
    let seconds: [ClosedRange<Double>] = [0...0.5, 1...2, 0.61...0.62]
    try makeCounter(folder.file("ABCDE.mp4"), frames: 50)
    let actions = seconds.enumerated().map { "c00\($0) \($1.lowerBound) \($1.upperBound)" }
    try folder.write("c000 one\nc001 two\nc002 three\n", to: "Charades_v1_classes.txt")
    let set = try Dataset.open(
      try folder.write(
        "id,subject,actions\nABCDE,X,\(actions.joined(separator: ";"))\n",
        to: "Charades_v1_train.csv"))
    #expect(set.labels(.train, 0) == [0, 1, 2])
    var seen: Set<[Float]> = []
    for seed in UInt64(0)..<40 {
      let view = View.train(seed: seed, augment: nil)
      let shown = clipFrames(of: 50, view: view, geometry: geometry).map { Double($0) / 25 }
      let expected = seconds.map {
        $0.lowerBound <= shown[3] + 1e-9 && $0.upperBound >= shown[0] - 1e-9 ? Float(1) : 0
      }
      let targets = try batch(set) { _ in view }.targets
      #expect(targets == expected, "frames from \(shown[0]) s")
      seen.insert(targets)
    }
    #expect(seen.count >= 4)
    #expect(try batch(set) { _ in .center }.targets == [1, 1, 1])
  }
}
