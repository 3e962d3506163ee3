// How every clip of a batch comes by its output.

/// The mixings of a batch, and the memory of their candidates.
final class ClipMixings {
  /// One for each clip.
  let clips: UnsafeMutableBufferPointer<ClipMixing>
  private let temporal: UnsafeMutableBufferPointer<ClipMixing.TemporalCandidate>
  private let channel: UnsafeMutableBufferPointer<ClipMixing.ChannelCandidate>

  init(_ space: PolicySpace, output: ActivationShape, batch: Int) {
    let (st, sc) = (space.temporalStrides.count, space.channelCounts.count)
    clips = .allocate(capacity: batch)
    temporal = .allocate(capacity: batch * st)
    channel = .allocate(capacity: batch * sc)
    for clip in 0..<batch {
      clips.initializeElement(
        at: clip,
        to: ClipMixing(
          space, output: output, temporal: temporal.baseAddress! + clip * st,
          channel: channel.baseAddress! + clip * sc))
    }
  }

  deinit {
    clips.deallocate()
    temporal.deallocate()
    channel.deallocate()
  }
}
