// Mixed clips and soft labels: by hand, and the same in whatever batch they are.

import Foundation
import TestSupport
import Testing

@testable import VARedData

@Suite struct LabelMixingTests {
  private let geometry = ClipGeometry(frames: 2, frameStride: 1, size: 16)

  @Test func betaHasItsMoments() {
    var random = SplitMix64(seed: 3)
    for alpha in [0.1, 0.4, 1, 4] {
      let values = (0..<20_000).map { _ in random.beta(alpha) }
      let mean = values.reduce(0, +) / 20_000
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
      #expect(abs(mean - 0.5) < 0.015, "\(alpha): mean \(mean)")
      let expected = 1 / (4 * (2 * alpha + 1))
      #expect(abs(variance / expected - 1) < 0.05, "\(alpha): variance \(variance)")
    }
    #expect((0..<1000).allSatisfy { _ in (0...1).contains(random.beta(1e-3)) })
  }

  @Test func targetsByHand() {
    var mixing = LabelMixing()
    #expect(!mixing.isActive)
    mixing.smoothing = 0.1
    expectClose(
      mixing.targets(label: 1, share: 1, other: 1, classes: 4), [0.025, 0.925, 0.025, 0.025],
      rtol: 1e-6, "smoothed")
    expectClose(
      mixing.targets(label: 1, share: 0.75, other: 3, classes: 4), [0.025, 0.7, 0.025, 0.25],
      rtol: 1e-6, "smoothed and mixed")
    mixing.smoothing = 0
    #expect(mixing.targets(label: 0, share: 0.75, other: 2, classes: 3) == [0.75, 0, 0.25])
    #expect(mixing.targets(label: 2, share: 0.75, other: 2, classes: 3) == [0, 0, 1])
  }

  @Test func boxesByHand() {
    let inside = ClipMix.Box(share: 0.25, centre: (8, 8), size: 16)
    #expect(inside.rows == 4..<12 && inside.columns == 4..<12 && inside.area == 64)
    let corner = ClipMix.Box(share: 0.25, centre: (1, 15), size: 16)
    #expect(corner.columns == 0..<5 && corner.rows == 11..<16)
    #expect(ClipMix.Box(share: 0, centre: (3, 3), size: 16).area == 0)
  }

  @Test func drawsAreOfTheClipAlone() {
    var mixing = LabelMixing()
    #expect(mixing.draw(seed: 1, count: 5, size: 16) == nil)
    (mixing.mixup, mixing.cutmix) = (0.4, 1)
    let draws = (0..<400).compactMap { mixing.draw(seed: $0, count: 5, size: 16) }
    #expect(draws.count == 400 && draws[7] == mixing.draw(seed: 7, count: 5, size: 16))
    #expect(draws.allSatisfy { (0.5...1).contains($0.share) })
    #expect(Set(draws.map(\.partner)) == Set(0..<5))
    #expect((140...260).contains(draws.count { $0.box != nil }))
    mixing.mixup = 0
    #expect((0..<50).allSatisfy { mixing.draw(seed: $0, count: 5, size: 16)?.box != nil })
  }

  @Test func clipsAreMixedByHand() {
    let (own, other) = (
      [Float](repeating: 1, count: geometry.floatCount),
      [Float](repeating: 3, count: geometry.floatCount)
    )
    var blended = own
    ClipMix(partner: 0, seed: 0, share: 0.75, box: nil).apply(to: &blended, other, geometry)
    #expect(blended.allSatisfy { $0 == 1.5 })
    var cut = own
    let box = ClipMix.Box(share: 0.25, centre: (8, 8), size: 16)
    ClipMix(partner: 0, seed: 0, share: 0.75, box: box).apply(to: &cut, other, geometry)
    #expect(cut.count { $0 == 3 } == 64 * 6)
    #expect(cut[4 * 16 + 4] == 3 && cut[4 * 16 + 3] == 1 && cut[12 * 16 + 11] == 1)
  }

  /// One rank with all clips, or two with half of them: the same clips and targets.
  @Test(arguments: [(0.0, 0.0), (0.8, 0), (0, 1)])
  func batchesAreOfTheirClipsAlone(mixup: Double, cutmix: Double) throws {
    let folder = try TemporaryFolder()
    var labels = "path,label,split\n"
    for clip in 0..<6 {
      labels += "\(clip).mp4,\(clip % 3),train\n"
      // One does not decode: it is replaced, and as a partner left out.
      guard clip != 4 else { continue }
      try makeVideo(folder.file("\(clip).mp4"), times: Array(0..<4)) { _, x, _ in
        (UInt8(40 * clip), UInt8(x * 8), 100)
      }
    }
    try folder.write("no video", to: "4.mp4")
    let set = try Dataset.open(try folder.write(labels, to: "labels.csv"))
    var mixing = LabelMixing()
    (mixing.smoothing, mixing.mixup, mixing.cutmix) = (0.1, mixup, cutmix)
    func read(_ batches: [[Int]], _ mixing: LabelMixing) throws -> (
      clips: [Float], targets: [Float]
    ) {
      let loader = ClipLoader(
        dataset: set, split: .train, geometry: geometry, batches: batches,
        view: { .train(seed: UInt64($0) + 7, augment: .standard) }, mixing: mixing, threads: 2,
        ahead: 2)
      var (clips, targets): ([Float], [Float]) = ([], [])
      while let batch = try loader.next() {
        clips += Array(batch.clips)
        targets += batch.targets
        for (clip, label) in batch.labels.enumerated() {
          let row = batch.targets[clip * 3..<(clip + 1) * 3]
          #expect(row.max() == row[clip * 3 + label], "a clip's own label is the largest")
          #expect(abs(row.reduce(0, +) - 1) < 1e-6)
        }
      }
      return (clips, targets)
    }
    let one = try read([[0, 1, 2, 3, 4, 5]], mixing)
    let two = try read([[0, 1, 2], [3, 4, 5]], mixing)
    #expect(one.clips == two.clips && one.targets == two.targets)
    mixing.smoothing = 0.1
    (mixing.mixup, mixing.cutmix) = (0, 0)
    let plain = try read([[0, 1, 2, 3, 4, 5]], mixing)
    #expect((plain.clips == one.clips) == (mixup + cutmix == 0))
  }
}
