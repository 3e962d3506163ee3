// Demuxing: one video stream of a file as a list of packets.

import CFFmpeg
import Foundation

/// The video stream of one file, its packets read once and (up to a bound) kept in memory.
///
/// All of libavformat is in this file. Decoding may start at any packet, exactly, because packets
/// are addressed by their number in the file and not by a container's seek; past the bound the
/// file is read a second time instead.
final class VideoFile {
  let path: String
  let orientation: DisplayOrientation
  /// Width over height of a stored pixel.
  let pixelAspect: Double
  let timeline: FrameTimeline
  let packetTimes: [PacketTimes]
  /// Why reading ended early, if it did.
  let readError: String?
  private let parameters: UnsafeMutablePointer<AVCodecParameters>
  private let timeBase: AVRational
  private let deadline: Deadline
  private var kept: [UnsafeMutablePointer<AVPacket>?]?

  /// Opens `path` and reads the packets of its video stream: the first stream marked as default,
  /// else the first; cover pictures of audio files do not count.
  ///
  /// - Throws: `DatasetError` when it is no regular file, no video, or too slow to read.
  init(path: String, limits: VideoLimits, deadline: Deadline) throws {
    self.path = path
    self.deadline = deadline
    let demuxer = try Demuxer(path: path, deadline: deadline)
    defer { demuxer.close() }
    orientation =
      vared_display_matrix(demuxer.stream).map(DisplayOrientation.init(displayMatrix:)) ?? .upright
    pixelAspect = VideoFile.aspect(demuxer)
    timeBase = demuxer.stream.pointee.time_base
    guard let copy = avcodec_parameters_alloc(),
      avcodec_parameters_copy(copy, demuxer.stream.pointee.codecpar) >= 0
    else { fatalError("out of memory") }
    parameters = copy
    var times: [PacketTimes] = []
    var packets: [UnsafeMutablePointer<AVPacket>?]? = []
    var bytes = 0
    let end = try demuxer.forEachPacket { packet in
      times.append(PacketTimes(packet.pointee))
      bytes += Int(packet.pointee.size)
      if bytes > limits.keptBytes {
        VideoFile.release(&packets)
      } else {
        packets?.append(av_packet_clone(packet))
      }
      return true
    }
    (packetTimes, kept, readError) = (times, packets, end)
    timeline = FrameTimeline(times)
    if times.isEmpty {
      throw refusedVideo(path, "no video data" + (end.map { ": \($0)" } ?? ""))
    }
  }

  /// Seconds of a unit of the timeline's times.
  var unitSeconds: Double { Double(timeBase.num) / Double(timeBase.den) }

  deinit {
    VideoFile.release(&kept)
    var parameters: UnsafeMutablePointer<AVCodecParameters>? = parameters
    avcodec_parameters_free(&parameters)
  }

  /// Calls `body` with each packet from number `first` on until it returns false.
  func forEachPacket(
    from first: Int, _ body: (UnsafeMutablePointer<AVPacket>) throws -> Bool
  ) throws {
    if let kept {
      for case let packet? in kept[first...] {
        guard !deadline.isOver else { throw tooSlow(path) }
        guard try body(packet) else { return }
      }
      return
    }
    let demuxer = try Demuxer(path: path, deadline: deadline)
    defer { demuxer.close() }
    var number = 0
    _ = try demuxer.forEachPacket { packet in
      defer { number += 1 }
      return try number < first || body(packet)
    }
  }

  /// A decoder for the stream: one thread, because many files are decoded side by side.
  ///
  /// - Throws: `DatasetError` when FFmpeg has no decoder for it.
  func makeDecoder(_ limits: VideoLimits) throws -> UnsafeMutablePointer<AVCodecContext> {
    let name = String(cString: avcodec_get_name(parameters.pointee.codec_id))
    guard let codec = avcodec_find_decoder(parameters.pointee.codec_id) else {
      throw refusedVideo(path, "codec \(name), for which this FFmpeg has no decoder")
    }
    guard let context = avcodec_alloc_context3(codec) else { fatalError("out of memory") }
    avcodec_parameters_to_context(context, parameters)
    context.pointee.thread_count = 1
    context.pointee.pkt_timebase = timeBase
    context.pointee.max_pixels = Int64(limits.pixels)
    let status = avcodec_open2(context, codec, nil)
    guard status >= 0 else {
      var freed: UnsafeMutablePointer<AVCodecContext>? = context
      avcodec_free_context(&freed)
      throw refusedVideo(path, "codec \(name): \(describeFFmpegError(status))")
    }
    return context
  }

  private static func aspect(_ demuxer: Demuxer) -> Double {
    let ratio = av_guess_sample_aspect_ratio(demuxer.format, demuxer.stream, nil)
    guard ratio.num > 0, ratio.den > 0 else { return 1 }
    let aspect = Double(ratio.num) / Double(ratio.den)
    return (0.25...4).contains(aspect) ? aspect : 1
  }

  private static func release(_ packets: inout [UnsafeMutablePointer<AVPacket>?]?) {
    for packet in packets ?? [] {
      var packet = packet
      av_packet_free(&packet)
    }
    packets = nil
  }
}

extension PacketTimes {
  fileprivate init(_ packet: AVPacket) {
    let none = vared_no_timestamp()
    pts = packet.pts == none ? nil : packet.pts
    dts = packet.dts == none ? nil : packet.dts
    isKey = packet.flags & AV_PKT_FLAG_KEY != 0
  }
}
