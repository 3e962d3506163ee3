// Which clips of a batch are convolved together.

import Testing

@testable import VARedNN

@Suite struct ClipGroupsTests {
  @Test func clipsOfOnePartFormAGroupOfRuns() {
    let space = PolicySpace(
      temporalCandidates: 2, channelCandidates: 1, frames: 4, channels: 32)
    let geometry = ConvolutionGeometry(
      input: ActivationShape(channels: 16, frames: 4, height: 4, width: 4), outChannels: 32,
      kernel: Extent(1, 3, 3), stride: Extent(1, 1, 1))
    var policy = Policy(space, batch: 6)
    for (clip, temporal) in [0, 0, 1, 0, 1, 1].enumerated() { policy.take(temporal, 0, clip: clip) }
    var groups = ClipGroups(batch: 6, space: space)
    groups.assign(policy, clips: 6, geometry: geometry)
    #expect(groups.order == [0, 1, 3, 2, 4, 5])
    #expect(groups.groups.map(\.isContiguous) == [false, false])
    #expect(runs(of: groups) == [[0..<1, 1..<2, 2..<3], [3..<4, 4..<5, 5..<6]])

    for clip in 0..<6 { policy.take(clip / 3, 0, clip: clip) }
    groups.assign(policy, clips: 6, geometry: geometry)
    #expect(groups.groups.map(\.isContiguous) == [true, true])
    #expect(runs(of: groups) == [[0..<3], [3..<6]])
  }

  private func runs(of groups: ClipGroups) -> [[Range<Int>]] {
    groups.groups.map { group in
      var runs: [Range<Int>] = []
      groups.forEachRun(of: group) { runs.append($0) }
      return runs
    }
  }
}
