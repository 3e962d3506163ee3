// Decoding: chosen frames of a video, each once, from the nearest packet where decoding can start.

import CFFmpeg

/// Decodes chosen frames of one video through libavcodec.
///
/// The frames of a video are those that a player shows, one after the other: packets that an edit
/// list hides are decoded, because others refer to them, and their frames left out; so are frames
/// that are never shown, and those a decoder drops because what they refer to lies before the
/// start of the file.
final class VideoDecoder {
  let file: VideoFile
  /// The frames of the video.
  private(set) var timeline: FrameTimeline
  private let limits: VideoLimits

  /// Opens a video and finds out which frames it shows.
  ///
  /// - Throws: `DatasetError` when it is no video this FFmpeg reads, or one that shows nothing.
  init(path: String, limits: VideoLimits = VideoLimits(), deadline: Deadline) throws {
    self.limits = limits
    file = try VideoFile(path: path, limits: limits, deadline: deadline)
    timeline = file.timeline(of: file.prediction.order, counts: false)
    FFmpegLog.clear()
    if !file.prediction.isCertain {
      if file.isKept { timeline = try countedTimeline() }
    } else if let head = file.prediction.head {
      timeline = try timelineAfterDecoding(head)
    }
    // Packets there may be, none of which is shown.
    guard timeline.count > 0 else { throw refused("no frame of the video is shown") }
  }

  /// Decodes frames of the timeline and calls `deliver(i, frame)` with a picture for each
  /// `wanted[i]`.
  ///
  /// Decoding starts at the last entry before the first wanted frame and stops after the last;
  /// frames in between that nothing refers to are skipped. If a frame did not come or had to be
  /// repaired, the video is decoded from start to end to count the frames it has, `choose` is
  /// asked again, and all its frames are delivered once more; a video too large for that is left
  /// without those frames.
  ///
  /// - Parameters:
  ///   - choose: picks frames (ascending numbers) of the timeline it is given.
  ///   - deliver: called with a place in what was chosen last, and its frame.
  /// - Throws: `DatasetError` when less than half of the video's frames come, or whatever
  ///   `deliver` throws.
  func decode(
    choosing choose: (FrameTimeline) -> [Int],
    deliver: @escaping (Int, UnsafeMutablePointer<AVFrame>) throws -> Void
  ) throws {
    FFmpegLog.clear()
    while let packets = timeline.packets {
      let numbers = choose(timeline).map { packets[$0] }
      let collector = FrameCollector(numbers, counts: false, deliver: deliver)
      let start = numbers.map { file.prediction.entry(before: $0) }.min() ?? 0
      try run(collector, from: start, through: numbers.max() ?? 0)
      let isDamaged = collector.damaged.contains { file.prediction.follows($0, start) }
      if collector.isComplete, !isDamaged || !file.isKept { return }
      timeline = file.isKept ? try countedTimeline() : try timeline(without: collector.missing)
    }
    let wanted = choose(timeline)
    let collector = FrameCollector(wanted, counts: true, deliver: deliver)
    try run(collector, from: 0, through: .max)
    if !collector.isComplete { throw refused("no frame of the clip decodes") }
  }

  /// The frames that decoding everything gives.
  private func countedTimeline() throws -> FrameTimeline {
    let collector = FrameCollector([], counts: true) { _, _ in }
    try run(collector, from: 0, through: .max)
    let shown = collector.packets
    let expected = file.prediction.order.count
    guard !shown.isEmpty else { throw refused("no frame of the video decodes") }
    guard !file.prediction.isSound || 2 * shown.count >= expected else {
      throw refused("only \(shown.count) of the \(expected) frames of the video decode")
    }
    return file.timeline(of: shown, counts: true)
  }

  /// The timeline without the frames of packets that gave none.
  private func timeline(without missing: Set<Int>) throws -> FrameTimeline {
    let order = (timeline.packets ?? []).filter { !missing.contains($0) }
    guard 2 * order.count >= file.prediction.order.count else {
      throw refused("too few frames of the video decode")
    }
    return file.timeline(of: order, counts: false)
  }

  /// The predicted frames without those of the first packets that the decoder leaves out.
  private func timelineAfterDecoding(_ head: Range<Int>) throws -> FrameTimeline {
    let collector = FrameCollector([], counts: true) { _, _ in }
    try run(collector, from: 0, through: head.upperBound - 1)
    let shown = Set(collector.packets)
    let order = file.prediction.order.filter { !head.contains($0) || shown.contains($0) }
    guard !order.isEmpty else { throw refused("no frame of the video decodes") }
    return file.timeline(of: order, counts: false)
  }

  /// One decoder over the packets `first...last`.
  private func run(_ collector: FrameCollector, from first: Int, through last: Int) throws {
    let memory = PictureMemory(limits)
    var context: UnsafeMutablePointer<AVCodecContext>? = try file.makeDecoder(memory)
    defer { withExtendedLifetime(memory) { avcodec_free_context(&context) } }
    guard let context else { return }
    try file.forEachPacket(from: first) { number, packet in
      let picture = file.packets[number].picture
      let isNeeded =
        collector.wants(packet: number) || !picture.isSkippable || picture.isBidirectional == false
      context.pointee.skip_frame = isNeeded ? AVDISCARD_DEFAULT : AVDISCARD_NONREF
      try send(packet, to: context, collector)
      if let excess = memory.excess { throw refusedVideo(file.path, excess) }
      return number < last
    }
    try send(nil, to: context, collector)
    if let excess = memory.excess { throw refusedVideo(file.path, excess) }
  }

  /// Sends one packet (nil: the end) and takes every frame that is ready. A packet the decoder
  /// rejects is passed over, as players do.
  private func send(
    _ packet: UnsafeMutablePointer<AVPacket>?, to context: UnsafeMutablePointer<AVCodecContext>,
    _ collector: FrameCollector
  ) throws {
    var status = avcodec_send_packet(context, packet)
    if status == vared_averror_eagain() {
      try collector.take(from: context)
      status = avcodec_send_packet(context, packet)
    }
    try collector.take(from: context)
  }

  private func refused(_ what: String) -> DatasetError {
    let log = FFmpegLog.lastError.map { " (ffmpeg: \($0))" } ?? ""
    let damage = file.readError.map { ", reading ended with: \($0)" } ?? ""
    return refusedVideo(file.path, what + damage + log)
  }
}
