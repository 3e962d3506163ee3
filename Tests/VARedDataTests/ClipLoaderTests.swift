// The loader: the same batches for any number of threads, bad clips replaced and named, no hang.

import Foundation
import Testing

@testable import VARedData

@Suite struct ClipLoaderTests {
  let folder: TemporaryFolder
  private let geometry = ClipGeometry(frames: 4, frameStride: 1, size: 16)

  init() throws { folder = try TemporaryFolder() }

  /// A set of `count` training clips whose brightness tells which is which; `bad` are empty files.
  private func dataset(count: Int, bad: Set<Int> = []) throws -> Dataset {
    var labels = "path,label,split\n"
    for clip in 0..<count {
      labels += "\(clip).mp4,\(clip),train\n"
      guard !bad.contains(clip) else {
        try folder.touch("\(clip).mp4")
        continue
      }
      try makeVideo(folder.file("\(clip).mp4"), times: Array(0..<8)) { frame, x, _ in
        (UInt8(10 * clip + frame), UInt8(x * 8), 100)
      }
    }
    return try Dataset.open(try folder.write(labels, to: "labels.csv"))
  }

  private func loader(
    _ set: Dataset, _ batches: [[Int]], threads: Int = 2, ahead: Int = 2,
    counting seen: Counter? = nil
  ) -> ClipLoader {
    ClipLoader(
      dataset: set, split: .train, geometry: geometry, batches: batches,
      view: {
        seen?.increment()
        return .train(seed: UInt64($0) &* 31, augment: .standard)
      }, threads: threads, ahead: ahead)
  }

  private func all(_ loader: ClipLoader) throws -> [ClipBatch] {
    var batches: [ClipBatch] = []
    while let batch = try loader.next() { batches.append(batch) }
    return batches
  }

  @Test func contentDoesNotDependOnThreads() throws {
    let set = try dataset(count: 10, bad: [4])
    let order = [[3, 1, 4], [], [0, 9, 8], [2, 5, 6], [7]]
    let one = try all(loader(set, order, threads: 1, ahead: 1))
    let three = try all(loader(set, order, threads: 3, ahead: 4))
    #expect(one.map(\.indices) == order && three.map(\.indices) == order)
    #expect(one.map(\.count) == [3, 0, 3, 3, 1])
    for (a, b) in zip(one, three) {
      #expect(Array(a.clips) == Array(b.clips))
      #expect(a.labels == b.labels && a.bad == b.bad)
    }
    #expect(one[0].labels[0] == 3 && one[2].labels == [0, 9, 8])
    #expect(one[0].clips.count == 3 * geometry.floatCount)
  }

  @Test func aBadClipIsReplacedAndNamed() throws {
    let order = replacements(for: 3, count: 6)
    #expect(order.sorted() == [0, 1, 2, 4, 5])
    let set = try dataset(count: 6, bad: [3, order[0]])
    let batch = try #require(try loader(set, [[1, 3]]).next())
    #expect(
      batch.bad == [
        BadClip(
          path: "3.mp4", reason: "an empty file", split: .train, index: 3,
          replacement: order[1])
      ])
    #expect(batch.labels == [1, set.label(.train, order[1])])
    var expected = [Float](repeating: 0, count: geometry.floatCount)
    try ClipReader().read(
      set, split: .train, index: order[1], view: .train(seed: 93, augment: .standard),
      geometry: geometry, into: &expected)
    #expect(Array(batch.clips[geometry.floatCount...]) == expected)
  }

  @Test func replacementsSpreadOverTheSplit() {
    let taken = Set((0..<100).map { replacements(for: $0, count: 1000)[0] })
    #expect(taken.count > 80)
    #expect(replacements(for: 0, count: 1) == [])
    #expect(replacements(for: 5, count: 1000).count == 100)
    #expect((0..<50).allSatisfy { !replacements(for: $0, count: 50).contains($0) })
  }

  @Test func aSplitWithoutAnyGoodClipIsAnError() throws {
    let set = try dataset(count: 3, bad: [0, 1, 2])
    let loader = loader(set, [[0, 1]])
    let error = try #require(throws: DatasetError.self) { try loader.next() }
    #expect(error.description.contains("and 2 others that do not (an empty file)"))
    #expect(throws: DatasetError.self) { try loader.next() }
    loader.stop()
    #expect(try loader.next() == nil)
  }

  @Test func aLoaderMayBeLeftAtAnyTime() throws {
    let set = try dataset(count: 4)
    let order = [[Int]](repeating: [0, 1, 2, 3], count: 50)
    for taken in [0, 1, 3] {
      let seen = Counter()
      var loader: ClipLoader? = loader(set, order, threads: 3, ahead: 2, counting: seen)
      for _ in 0..<taken { _ = try loader?.next() }
      if taken == 1 { loader?.stop() }
      loader = nil
      // The rest was not loaded first.
      #expect(seen.count <= 4 * (taken + 2))
    }
  }

  @Test func noMoreThanAheadIsHeld() throws {
    let set = try dataset(count: 4)
    let seen = Counter()
    let order = [[Int]](repeating: [0, 1, 2, 3], count: 20)
    let loader = loader(set, order, ahead: 3, counting: seen)
    _ = try loader.next()
    let allowed = 4 * (1 + 3)
    for _ in 0..<60_000 where seen.count < allowed { usleep(10_000) }
    usleep(500_000)  // Time for one too many.
    #expect(seen.count == allowed)
    withExtendedLifetime(loader) {}
  }
}

/// Counts from several threads.
private final class Counter: @unchecked Sendable {  // `number` is used under `lock`
  private let lock = NSLock()
  private var number = 0

  func increment() { lock.withLock { number += 1 } }
  var count: Int { lock.withLock { number } }
}
