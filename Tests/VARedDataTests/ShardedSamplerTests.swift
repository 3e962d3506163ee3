// The sampler: ranks partition an epoch, agree on the steps, and repeat exactly.

import Testing

@testable import VARedData

@Suite struct ShardedSamplerTests {
  private func epoch(
    _ count: Int, ranks: Int, batch: Int, shuffle: Bool = true, dropLast: Bool, epoch: Int = 0,
    seed: UInt64 = 7
  ) -> [[[Int]]] {
    (0..<ranks).map {
      ShardedSampler(
        count: count, ranks: ranks, rank: $0, batch: batch, shuffle: shuffle, seed: seed,
        dropLast: dropLast
      ).batches(epoch: epoch)
    }
  }

  @Test(arguments: [(1, 1, 1), (10, 3, 2), (24, 2, 4), (23, 4, 3), (2, 8, 4), (0, 2, 2)])
  func everyClipIsReadOnce(count: Int, ranks: Int, batch: Int) {
    let all = epoch(count, ranks: ranks, batch: batch, dropLast: false)
    #expect(all.flatMap { $0.flatMap { $0 } }.sorted() == Array(0..<count))
    #expect(Set(all.map(\.count)).count == 1)
    #expect(all.allSatisfy { $0.allSatisfy { $0.count <= batch } })
    let whole = epoch(count, ranks: ranks, batch: batch, dropLast: true)
    let read = whole.flatMap { $0.flatMap { $0 } }
    #expect(whole.allSatisfy { $0.count == count / (ranks * batch) })
    #expect(whole.allSatisfy { $0.allSatisfy { $0.count == batch } })
    #expect(Set(read).count == read.count)
  }

  @Test func ranksTogetherReadWhatOneRankReads() {
    let two = epoch(50, ranks: 2, batch: 4, dropLast: true)
    let one = epoch(50, ranks: 1, batch: 8, dropLast: true)[0]
    #expect(zip(two[0], two[1]).map { $0 + $1 } == one)
    let uneven = epoch(50, ranks: 3, batch: 4, dropLast: false)
    let same = epoch(50, ranks: 1, batch: 12, dropLast: false)[0]
    #expect(same.indices.map { uneven[0][$0] + uneven[1][$0] + uneven[2][$0] } == same)
    #expect(uneven.map { $0.last?.count } == [0, 1, 1])
  }

  @Test func theOrderIsAFunctionOfSeedAndEpoch() {
    let first = epoch(40, ranks: 1, batch: 4, dropLast: true)
    #expect(first == epoch(40, ranks: 1, batch: 4, dropLast: true))
    #expect(first != epoch(40, ranks: 1, batch: 4, dropLast: true, epoch: 1))
    #expect(first != epoch(40, ranks: 1, batch: 4, dropLast: true, seed: 8))
    let plain = epoch(6, ranks: 1, batch: 4, shuffle: false, dropLast: false, epoch: 3)
    #expect(plain == [[[0, 1, 2, 3], [4, 5]]])
  }

  @Test func everyPlaceIsAsLikely() {
    var seen = [Int](repeating: 0, count: 10)
    for number in 0..<2000 {
      let sampler = ShardedSampler(
        count: 10, ranks: 1, rank: 0, batch: 10, shuffle: true, seed: 1, dropLast: true)
      seen[sampler.batches(epoch: number)[0][0]] += 1
    }
    #expect(seen.allSatisfy { (150...250).contains($0) }, "\(seen)")
  }

  @Test func tooFewClipsForAStepAreRefused() throws {
    let sampler = ShardedSampler(
      count: 7, ranks: 2, rank: 1, batch: 4, shuffle: true, seed: 1, dropLast: true)
    let error = try #require(throws: DatasetError.self) {
      try sampler.requireSteps(path: "l.csv")
    }
    #expect(
      error.description == "l.csv: expected at least 8 training clips (2 ranks × batch 4), "
        + "found 7; use fewer ranks, a smaller batch, or more clips")
  }

  @Test func splitMix64IsThePublishedOne() {
    var random = SplitMix64(seed: 1_234_567)
    #expect(
      (0..<3).map { _ in random.next() }
        == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
  }
}
