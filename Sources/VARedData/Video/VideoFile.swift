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
  /// The packets in decoding order.
  let packets: [VideoPacket]
  /// What they say about the frames of the video.
  let prediction: FramePrediction
  /// Why reading ended early, if it did.
  let readError: String?
  private let parameters: UnsafeMutablePointer<AVCodecParameters>
  private let timeBase: AVRational
  /// What the container says of a pixel's shape; 0: nothing.
  private let pixelRatio: AVRational
  /// Frames per second as the container says, or guesses; 0 where it does not.
  let frameRate: Double
  private let limits: VideoLimits
  private let deadline: Deadline
  private var kept: [UnsafeMutablePointer<AVPacket>?]?

  /// Opens `path` and reads the packets of its video stream: the first stream marked as default,
  /// else the first; cover pictures of audio files do not count.
  ///
  /// - Throws: `DatasetError` when it is no regular file, no video, too slow to read, or beyond
  ///   `limits`.
  init(path: String, limits: VideoLimits, deadline: Deadline) throws {
    self.path = path
    self.limits = limits
    self.deadline = deadline
    let demuxer = try Demuxer(path: path, limits: limits, deadline: deadline)
    defer { demuxer.close() }
    orientation =
      vared_display_matrix(demuxer.stream).map(DisplayOrientation.init(displayMatrix:)) ?? .upright
    pixelRatio = demuxer.stream.pointee.sample_aspect_ratio
    timeBase = demuxer.stream.pointee.time_base
    let rate = av_guess_frame_rate(demuxer.format, demuxer.stream, nil)
    frameRate = rate.num > 0 && rate.den > 0 ? Double(rate.num) / Double(rate.den) : 0
    guard let copy = avcodec_parameters_alloc(),
      avcodec_parameters_copy(copy, demuxer.stream.pointee.codecpar) >= 0
    else { fatalError("out of memory") }
    parameters = copy
    let headers = PictureHeaders(parameters, packetIsFrame: demuxer.packetIsFrame)
    var packets: [VideoPacket] = []
    var kept: [UnsafeMutablePointer<AVPacket>?]? = []
    var bytes = 0
    do {
      readError = try demuxer.forEachPacket { packet in
        guard packets.count < limits.packets else {
          throw refusedVideo(path, "more than \(limits.packets) packets of video")
        }
        packets.append(VideoPacket(packet, headers))
        bytes += Int(packet.pointee.size) + VideoFile.packetBytes
        if bytes > limits.keptBytes {
          VideoFile.release(&kept)
        } else {
          kept?.append(av_packet_clone(packet))
        }
        return true
      }
      if packets.isEmpty {
        throw refusedVideo(path, "no video data" + (readError.map { ": \($0)" } ?? ""))
      }
    } catch {
      var unused: UnsafeMutablePointer<AVCodecParameters>? = parameters
      avcodec_parameters_free(&unused)
      VideoFile.release(&kept)
      throw error
    }
    (self.packets, self.kept) = (packets, kept)
    prediction = FramePrediction(
      packets, delay: Int(parameters.pointee.video_delay), unitSeconds: av_q2d(timeBase))
  }

  /// Whether the packets are in memory.
  var isKept: Bool { kept != nil }

  /// The timeline of frames that come from `packets`, in display order.
  func timeline(of packets: [Int], counts: Bool) -> FrameTimeline {
    FrameTimeline(packets, of: self.packets, counts: counts, unitSeconds: av_q2d(timeBase))
  }

  /// Seconds of a unit of the timeline's times.
  var unitSeconds: Double { Double(timeBase.num) / Double(timeBase.den) }

  deinit {
    VideoFile.release(&kept)
    var parameters: UnsafeMutablePointer<AVCodecParameters>? = parameters
    avcodec_parameters_free(&parameters)
  }

  /// Calls `body` with each packet from number `first` on, and its number, until it returns false.
  /// The packet's presentation time is its number: that tells which frame is whose, also where the
  /// container has no times.
  func forEachPacket(
    from first: Int, _ body: (Int, UnsafeMutablePointer<AVPacket>) throws -> Bool
  ) throws {
    var number = first
    func visit(_ packet: UnsafeMutablePointer<AVPacket>) throws -> Bool {
      defer { number += 1 }
      packet.pointee.pts = Int64(number)
      return try body(number, packet)
    }
    if let kept {
      for case let packet? in kept[first...] {
        guard !deadline.isOver else { throw tooSlow(path) }
        guard try visit(packet) else { return }
      }
      return
    }
    let demuxer = try Demuxer(path: path, limits: limits, deadline: deadline)
    defer { demuxer.close() }
    var passed = 0
    _ = try demuxer.forEachPacket { packet in
      guard passed == first else {
        passed += 1
        return true
      }
      return try number < packets.count && visit(packet)
    }
  }

  /// A decoder for the stream: one thread, because many files are decoded side by side.
  ///
  /// - Parameter memory: for its pictures; to be kept as long as the decoder.
  /// - Throws: `DatasetError` when FFmpeg has no decoder for it.
  func makeDecoder(_ memory: PictureMemory) throws -> UnsafeMutablePointer<AVCodecContext> {
    let name = String(cString: avcodec_get_name(parameters.pointee.codec_id))
    guard let codec = avcodec_find_decoder(parameters.pointee.codec_id) else {
      throw refusedVideo(path, "codec \(name), for which this FFmpeg has no decoder")
    }
    guard let context = avcodec_alloc_context3(codec) else { fatalError("out of memory") }
    avcodec_parameters_to_context(context, parameters)
    context.pointee.thread_count = 1
    context.pointee.pkt_timebase = timeBase
    memory.attach(to: context, of: codec)
    let status = avcodec_open2(context, codec, nil)
    guard status >= 0 else {
      var freed: UnsafeMutablePointer<AVCodecContext>? = context
      avcodec_free_context(&freed)
      throw refusedVideo(path, "codec \(name): \(describeFFmpegError(status))")
    }
    return context
  }

  /// Bytes that a packet takes in memory beside its data.
  private static let packetBytes = 512

  /// Width over height of a stored pixel of `frame`: the container's word goes before the codec's.
  func pixelAspect(of frame: UnsafePointer<AVFrame>) -> Double {
    let isTold = pixelRatio.num > 0 && pixelRatio.den > 0
    let ratio = isTold ? pixelRatio : frame.pointee.sample_aspect_ratio
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
