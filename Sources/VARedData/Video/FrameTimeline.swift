// The frames of a video in the order they are shown.

/// The frames that a player shows, in display order, and how to find them.
struct FrameTimeline: Equatable {
  /// Frames of the video.
  let count: Int
  /// The packet of each frame, a number in decoding order; nil: a frame is found by counting what
  /// the decoder gives from the start of the file.
  let packets: [Int]?
  /// When each is shown; nil where the container does not say.
  let display: DisplayTimes?

  /// - Parameters:
  ///   - packets: the packet of each frame in display order.
  ///   - stream: all packets of the video.
  ///   - counts: frames are found by counting.
  ///   - unitSeconds: seconds in a unit of the time base.
  init(_ packets: [Int], of stream: [VideoPacket], counts: Bool, unitSeconds: Double) {
    count = packets.count
    self.packets = counts ? nil : packets
    let times = packets.map { stream.indices.contains($0) ? stream[$0].pts : nil }
    display =
      times.allSatisfy { $0 == nil } ? nil : DisplayTimes(times, unitSeconds: unitSeconds)
  }

  /// The timeline of frames that were taken out of a video, `times` when each of `count` is shown.
  init(count: Int, times: [Int64]?) {
    self.count = count
    packets = nil
    display = times.map(DisplayTimes.init(taken:))
  }

  /// The frame shown at beat `beat` of `count` equal beats from the first frame's time to the
  /// last's: the one whose time is nearest. At a constant frame rate beat and frame are the same;
  /// at a variable one, a stride in beats is a stride in time.
  ///
  /// - Precondition: `0 ≤ beat < count`.
  func frame(atBeat beat: Int) -> Int {
    guard let times = display?.times, count > 1 else { return beat }
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
    guard let times = display?.times, let first = frames.first, let last = frames.last, unit > 0,
      unit.isFinite
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
