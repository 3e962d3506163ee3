// The frames of a video in the order they are shown, known from its packets before any decoding.

/// One packet of the video stream, as the demuxer reports it.
struct PacketTimes: Equatable {
  /// Presentation time in units of the stream's time base; nil when the container has none.
  let pts: Int64?
  /// Decoding time in the same units.
  let dts: Int64?
  /// Decoding may start here.
  let isKey: Bool
}

/// The frames of a video in display order, and the packets they come from.
///
/// Containers with presentation times (MP4, Matroska, MPEG-TS …) tell which packet is shown when;
/// frames are then found by their time. Without them (AVI, raw streams), or where they contradict
/// each other, frames are only counted as the decoder delivers them.
struct FrameTimeline {
  /// Frames of the video.
  let count: Int
  /// Display times in ascending order, or nil where frames are counted.
  let times: [Int64]?
  /// The packet of each frame, an index in decoding order; only with `times`.
  let packets: [Int]

  init(_ stream: [PacketTimes]) {
    count = stream.count
    let order = stream.indices.sorted { (stream[$0].pts ?? 0, $0) < (stream[$1].pts ?? 0, $1) }
    let sorted = order.compactMap { stream[$0].pts }
    let decoding = stream.compactMap(\.dts)
    let isTimed =
      sorted.count == count && zip(sorted, sorted.dropFirst()).allSatisfy(<)
      && zip(decoding, decoding.dropFirst()).allSatisfy(<=)
    times = isTimed ? sorted : nil
    packets = isTimed ? order : []
  }

  /// The frame shown at beat `beat` of `count` equal beats from the first frame's time to the
  /// last's: the one whose time is nearest. At a constant frame rate beat and frame are the same;
  /// at a variable one, a stride in beats is a stride in time.
  ///
  /// - Precondition: `0 ≤ beat < count`.
  func frame(atBeat beat: Int) -> Int {
    guard let times, count > 1 else { return beat }
    let span = Double(times[count - 1]) - Double(times[0])
    let time = Double(times[0]) + span * Double(beat) / Double(count - 1)
    let after = firstIndex(in: times, notBefore: time)
    guard after > 0 else { return 0 }
    return Double(times[after]) - time < time - Double(times[after - 1]) ? after : after - 1
  }

  /// The time from the first to the last of some frames, in seconds since the video's first; nil
  /// where frames are counted.
  ///
  /// - Parameters:
  ///   - frames: in display order, one at least.
  ///   - unit: seconds of a unit of the time base.
  func seconds(of frames: [Int], unit: Double) -> ClosedRange<Double>? {
    guard let times, let first = frames.first, let last = frames.last, unit > 0, unit.isFinite
    else { return nil }
    func seconds(_ frame: Int) -> Double { (Double(times[frame]) - Double(times[0])) * unit }
    return seconds(first)...seconds(last)
  }

  private func firstIndex(in times: [Int64], notBefore time: Double) -> Int {
    var (low, high) = (0, times.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if Double(times[middle]) < time { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
