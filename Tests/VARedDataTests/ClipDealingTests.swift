// Clips dealt to ranks by what they cost.

import Testing

@testable import VARedData

@Suite struct ClipDealingTests {
  /// Costs of 64 clips, from one to nine.
  private let costs = (0..<64).map { Int64(1 + $0 * 37 % 9) }

  @Test(arguments: [1, 2, 3, 4, 6, 8]) func everyClipIsDealtOnce(ranks: Int) {
    let clips = Array((0..<48).map { ($0 * 5 + 3) % 64 })
    let dealt = ClipDealing.deal(clips, over: ranks, costs: costs)
    #expect(dealt.count == ranks && dealt.allSatisfy { $0.count == clips.count / ranks })
    #expect(dealt.flatMap(\.self).sorted() == clips.sorted())
    // Each rank's clips keep their order.
    let places = Dictionary(uniqueKeysWithValues: clips.enumerated().map { ($1, $0) })
    for part in dealt { #expect(part.map { places[$0]! } == part.map { places[$0]! }.sorted()) }
    #expect(ClipDealing.deal(clips, over: ranks, costs: costs) == dealt)
  }

  @Test func costsComeOutEven() {
    func spread(_ parts: [[Int]]) -> Int64 {
      let sums = parts.map { $0.reduce(0) { $0 + costs[$1] } }
      return sums.max()! - sums.min()!
    }
    let clips = Array(0..<48).sorted { costs[$0] < costs[$1] }
    let inOrder = (0..<4).map { Array(clips[$0 * 12..<$0 * 12 + 12]) }
    #expect(spread(inOrder) > 60)
    #expect(spread(ClipDealing.deal(clips, over: 4, costs: costs)) <= 1)
  }

  @Test func withoutCostsTheOrderStays() {
    let clips = [5, 2, 9, 4]
    let inOrder = [[5, 2], [9, 4]]
    #expect(ClipDealing.deal(clips, over: 2, costs: []) == inOrder)
    #expect(ClipDealing.deal(clips, over: 2, costs: [Int64](repeating: 0, count: 10)) == inOrder)
    #expect(ClipDealing.deal(clips, over: 2, costs: [Int64](repeating: 7, count: 10)) == inOrder)
  }

  @Test func anUnknownClipCountsAsTheMean() {
    var costs = [Int64](repeating: 0, count: 4)
    (costs[0], costs[1], costs[2]) = (10, 4, 1)
    // 10 first, then the unknown 5 and the 4 to the other rank, which has room for two.
    #expect(ClipDealing.deal([0, 1, 2, 3], over: 2, costs: costs) == [[0, 2], [1, 3]])
  }
}
