// Decoding: chosen frames of a video, each once, from the nearest packet where decoding can start.

import CFFmpeg

/// Decodes chosen frames of one video through libavcodec.
final class VideoDecoder {
  let file: VideoFile
  private let limits: VideoLimits

  /// Opens a video.
  ///
  /// - Throws: `DatasetError` when it is no video this FFmpeg reads.
  init(path: String, limits: VideoLimits = VideoLimits(), deadline: Deadline) throws {
    self.limits = limits
    file = try VideoFile(path: path, limits: limits, deadline: deadline)
  }

  /// Frames of the video, counted from its packets.
  var frameCount: Int { file.timeline.count }

  /// Decodes the frames `wanted` (ascending, in display order) and calls `deliver(i, frame)` with
  /// a picture for each `wanted[i]`.
  ///
  /// Decoding starts at the last key packet before the first wanted frame and stops after the
  /// last; frames in between that nothing refers to are skipped. A frame that the decoder does
  /// not give (damaged data) is shown by its nearest neighbour. If fewer came than were wanted,
  /// the video is decoded once more from its start, and what that gives is final.
  ///
  /// - Returns: how many of the wanted frames came as themselves.
  /// - Throws: `DatasetError` when that is less than half of them, or whatever `deliver` throws.
  @discardableResult
  func decode(
    _ wanted: [Int], deliver: (Int, UnsafeMutablePointer<AVFrame>) throws -> Void
  ) throws -> Int {
    FFmpegLog.clear()
    let start = startPacket(for: wanted[0])
    var exact = try pass(wanted, from: start, deliver)
    if exact < wanted.count, start > 0 {
      exact = try pass(wanted, from: 0, deliver)
    }
    guard exact * 2 >= wanted.count, exact > 0 else {
      let log = FFmpegLog.lastError.map { " (ffmpeg: \($0))" } ?? ""
      let damage = file.readError.map { ", reading ended with: \($0)" } ?? ""
      let which =
        exact == 0
        ? "no frame of the clip decodes"
        : "only \(exact) of the "
          + "\(wanted.count) frames of the clip decode"
      throw refusedVideo(file.path, which + damage + log)
    }
    return exact
  }

  /// The last packet from which `frame` can be reached.
  private func startPacket(for frame: Int) -> Int {
    guard let times = file.timeline.times else { return 0 }
    let stream = file.packetTimes
    return stream[...file.timeline.packets[frame]].lastIndex {
      $0.isKey && $0.pts.map { $0 <= times[frame] } == true
    } ?? 0
  }

  /// One decoder from packet `start` on.
  ///
  /// - Returns: how many of the wanted frames came as themselves.
  private func pass(
    _ wanted: [Int], from start: Int,
    _ deliver: (Int, UnsafeMutablePointer<AVFrame>) throws -> Void
  ) throws -> Int {
    var context: UnsafeMutablePointer<AVCodecContext>? = try file.makeDecoder(limits)
    defer { avcodec_free_context(&context) }
    let collector = FrameCollector(wanted, file.timeline.times)
    let timeline = file.timeline
    let last = timeline.times == nil ? Int.max : wanted.map { timeline.packets[$0] }.max()!
    var number = start
    try file.forEachPacket(from: start) { packet in
      context!.pointee.skip_frame =
        collector.isBefore(packet.pointee.pts) ? AVDISCARD_NONREF : AVDISCARD_DEFAULT
      try send(packet, to: context!, collector, deliver)
      number += 1
      return number <= last && !collector.isComplete
    }
    if !collector.isComplete { try send(nil, to: context!, collector, deliver) }
    try collector.finish(deliver)
    return collector.exact
  }

  /// Sends one packet (nil: the end) and takes every frame that is ready. A packet the decoder
  /// rejects is passed over, as players do.
  private func send(
    _ packet: UnsafeMutablePointer<AVPacket>?, to context: UnsafeMutablePointer<AVCodecContext>,
    _ collector: FrameCollector, _ deliver: (Int, UnsafeMutablePointer<AVFrame>) throws -> Void
  ) throws {
    var status = avcodec_send_packet(context, packet)
    if status == vared_averror_eagain() {
      try collector.take(from: context, deliver)
      status = avcodec_send_packet(context, packet)
    }
    try collector.take(from: context, deliver)
  }
}
