// Which clips of a batch are convolved together.

/// The clips of a batch by the part that they need (METHOD §1), in memory that is planned once.
struct ClipGroups {
  /// Clips that execute the same part.
  struct Group {
    let part: ConvolutionPart
    /// The output is the convolution itself: nothing is mixed.
    let isWhole: Bool
    /// Where the group's clips are in `order`.
    fileprivate(set) var places: Range<Int>
    /// First float of the group's compact `F`.
    fileprivate(set) var offset: Int
    /// Whether the clips lie side by side.
    fileprivate(set) var isContiguous: Bool
  }

  /// The groups, by the first clip of each.
  private(set) var groups: [Group] = []
  /// The clips, group after group, each group's in ascending order.
  private(set) var order: [Int] = []

  init(batch: Int, space: PolicySpace) {
    order.reserveCapacity(batch)
    groups.reserveCapacity(min(batch, space.pairs + 1))
  }

  /// Groups `n` clips by what `policy` needs.
  mutating func assign(_ policy: Policy, clips n: Int, geometry: ConvolutionGeometry) {
    groups.removeAll(keepingCapacity: true)
    order.removeAll(keepingCapacity: true)
    var offset = 0
    for first in 0..<n {
      let (part, isWhole) = (policy.part(first), policy.isWhole(first))
      if groups.contains(where: { $0.part == part && $0.isWhole == isWhole }) { continue }
      let start = order.count
      for clip in first..<n where policy.part(clip) == part && policy.isWhole(clip) == isWhole {
        order.append(clip)
      }
      let places = start..<order.count
      groups.append(
        Group(
          part: part, isWhole: isWhole, places: places, offset: offset,
          isContiguous: order[places.upperBound - 1] - first == places.count - 1))
      offset += places.count * geometry.output(of: part).clipFloats
    }
  }

  /// Calls `body` with the group's places, all at once where its clips lie side by side, else one
  /// by one: not run by run, because each number of clips would need primitives of its own.
  func forEachRun(of group: Group, _ body: (Range<Int>) -> Void) {
    if group.isContiguous { return body(group.places) }
    for place in group.places { body(place..<place + 1) }
  }

  /// The group that computes the most channels.
  var widest: Int? {
    groups.indices.max { groups[$0].part.channels < groups[$1].part.channels }
  }

  /// The group's clips copied side by side.
  func gather(_ group: Group, _ clips: BlockedClips, into scratch: Scratch) -> BlockedClips {
    let gathered = scratch.clips(clips.shape, group.places.count)
    for (i, place) in group.places.enumerated() {
      gathered.clip(i).update(from: clips.clip(order[place]), count: clips.shape.clipFloats)
    }
    return gathered.reading
  }

  /// The adjoint: the group's clips copied back to their places.
  func scatter(_ group: Group, _ gathered: BlockedClips, into clips: MutableBlockedClips) {
    for (i, place) in group.places.enumerated() {
      clips.clip(order[place]).update(from: gathered.clip(i), count: clips.shape.clipFloats)
    }
  }
}
