// An open container and the one stream of it that we read.

import CFFmpeg
import Foundation

/// libavformat's context of one local file, with its video stream chosen.
struct Demuxer {
  let format: UnsafeMutablePointer<AVFormatContext>
  let stream: UnsafeMutablePointer<AVStream>
  private let path: String
  private let deadline: Unmanaged<DeadlineBox>

  /// Opens a regular file; playlists, scripts, devices and network addresses are refused.
  ///
  /// - Throws: `DatasetError` when it is none, no container, has no video stream, or one of too
  ///   large pictures.
  init(path: String, limits: VideoLimits, deadline: Deadline) throws {
    PictureMemory.boundBlocks()
    FFmpegLog.silence()
    FFmpegLog.clear()
    self.path = path
    try Demuxer.requireRegularFile(path)
    guard let context = avformat_alloc_context() else { fatalError("out of memory") }
    self.deadline = Unmanaged.passRetained(DeadlineBox(deadline))
    context.pointee.interrupt_callback = AVIOInterruptCB(
      callback: { Unmanaged<DeadlineBox>.fromOpaque($0!).takeUnretainedValue().isOver ? 1 : 0 },
      opaque: self.deadline.toOpaque())
    var opened: UnsafeMutablePointer<AVFormatContext>? = context
    var options: OpaquePointer?
    av_dict_set(&options, "protocol_whitelist", "file", 0)
    av_dict_set(&options, "format_whitelist", Demuxer.containers, 0)
    let status = avformat_open_input(
      &opened, "file:" + path, Demuxer.pictureFormat(path), &options)
    av_dict_free(&options)
    guard status >= 0, let format = opened else {
      self.deadline.release()
      throw refusedVideo(path, "no video container: \(describeFFmpegError(status))")
    }
    self.format = format
    do {
      stream = try Demuxer.probe(format, path, limits)
    } catch {
      avformat_close_input(&opened)
      self.deadline.release()
      throw error
    }
    for index in 0..<Int(format.pointee.nb_streams) {
      let other = format.pointee.streams[index]!
      other.pointee.discard = other == stream ? AVDISCARD_DEFAULT : AVDISCARD_ALL
    }
  }

  /// The format of one picture, by its name: without it FFmpeg takes a picture for the first of a
  /// numbered sequence. nil for anything else.
  private static func pictureFormat(_ path: String) -> UnsafePointer<AVInputFormat>? {
    guard path.isPictureName else { return nil }
    let kind = path.fileExtension == "jpg" ? "jpeg" : path.fileExtension
    return av_find_input_format(kind + "_pipe")
  }

  func close() {
    var closing: UnsafeMutablePointer<AVFormatContext>? = format
    avformat_close_input(&closing)
    deadline.release()
  }

  /// The container keeps a whole frame in each packet, also where it is coded as two fields.
  var packetIsFrame: Bool {
    let name = String(cString: format.pointee.iformat.pointee.name)
    return name.contains("mov") || name.contains("matroska")
  }

  /// Calls `body` with each packet of the stream in file order until it returns false; those that
  /// an edit list hides are among them, with `AV_PKT_FLAG_DISCARD`.
  ///
  /// - Returns: what ended the file early, or nil at its regular end.
  func forEachPacket(
    _ body: (UnsafeMutablePointer<AVPacket>) throws -> Bool
  ) throws -> String? {
    guard let packet = av_packet_alloc() else { fatalError("out of memory") }
    defer {
      var freed: UnsafeMutablePointer<AVPacket>? = packet
      av_packet_free(&freed)
    }
    while true {
      guard !deadline.takeUnretainedValue().isOver else { throw tooSlow(path) }
      let status = av_read_frame(format, packet)
      if status == vared_averror_eof() { return nil }
      if status == vared_averror_eagain() { continue }
      if status < 0 { return describeFFmpegError(status) }
      defer { av_packet_unref(packet) }
      guard packet.pointee.stream_index == stream.pointee.index, packet.pointee.size > 0
      else { continue }
      guard try body(packet) else { return nil }
    }
  }

  /// Finds out what the streams are, which decodes some of their pictures unless the header says it
  /// all, and chooses one.
  private static func probe(
    _ format: UnsafeMutablePointer<AVFormatContext>, _ path: String, _ limits: VideoLimits
  ) throws -> UnsafeMutablePointer<AVStream> {
    let known = videoStream(of: format)
    try requireSize(known, path, limits)
    if let known, headerTellsAll(format) { return known }
    let count = Int(format.pointee.nb_streams)
    // One at least, because an empty array has no address; a stream found later has no options.
    var options = [OpaquePointer?](repeating: nil, count: max(1, count))
    defer { for index in options.indices { av_dict_free(&options[index]) } }
    for index in options.indices {
      av_dict_set_int(&options[index], "max_pixels", Int64(limits.pixels), 0)
    }
    let status = avformat_find_stream_info(format, &options)
    guard status >= 0 else { throw refusedVideo(path, describeFFmpegError(status)) }
    guard let stream = videoStream(of: format) else {
      throw refusedVideo(path, "a file without a video stream")
    }
    try requireSize(stream, path, limits)
    return stream
  }

  private static func requireSize(
    _ stream: UnsafeMutablePointer<AVStream>?, _ path: String, _ limits: VideoLimits
  ) throws {
    guard let parameters = stream?.pointee.codecpar.pointee,
      let excess = limits.excess(width: parameters.width, height: parameters.height)
    else { return }
    throw refusedVideo(path, excess)
  }

  private static func requireRegularFile(_ path: String) throws {
    var info = stat()
    guard stat(path, &info) == 0 else {
      throw refusedVideo(path, String(cString: strerror(errno)).lowercased())
    }
    switch info.st_mode & S_IFMT {
    case S_IFREG where info.st_size == 0: throw refusedVideo(path, "an empty file")
    case S_IFREG: return
    case S_IFDIR: throw refusedVideo(path, "a folder")
    default: throw refusedVideo(path, "a device, pipe or socket")
    }
  }

  private static func videoStream(
    of format: UnsafeMutablePointer<AVFormatContext>
  ) -> UnsafeMutablePointer<AVStream>? {
    let videos = (0..<Int(format.pointee.nb_streams)).compactMap { format.pointee.streams[$0] }
      .filter {
        $0.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_VIDEO
          && $0.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC == 0
      }
    return videos.first { $0.pointee.disposition & AV_DISPOSITION_DEFAULT != 0 } ?? videos.first
  }

  /// Whether nothing has to be decoded to know the video stream: H.264 in an MP4 file whose header
  /// has the parameter sets and the whole index, from which libavformat tells the reordering.
  private static func headerTellsAll(_ format: UnsafeMutablePointer<AVFormatContext>) -> Bool {
    guard let stream = videoStream(of: format), let parameters = stream.pointee.codecpar,
      String(cString: format.pointee.iformat.pointee.name).contains("mov")
    else { return false }
    return parameters.pointee.codec_id == AV_CODEC_ID_H264
      && parameters.pointee.extradata_size > 6 && parameters.pointee.extradata[0] == 1
      && parameters.pointee.width > 0 && parameters.pointee.height > 0
      && avformat_index_get_entries_count(stream) > 0
  }

  /// Every container FFmpeg reads but those that only name other files, and text shown as video.
  private static let containers: String = {
    let refused: Set = [
      "hls", "dash", "concat", "sdp", "rtsp", "rtp", "sap", "imf", "tty", "image2", "lavfi",
    ]
    var names: [String] = []
    var state: UnsafeMutableRawPointer?
    while let demuxer = av_demuxer_iterate(&state) {
      let name = String(cString: demuxer.pointee.name)
      if refused.isDisjoint(with: name.split(separator: ",").map(String.init)) {
        names.append(name)
      }
    }
    return names.joined(separator: ",")
  }()
}

/// Keeps a deadline where FFmpeg's interrupt callback finds it.
private final class DeadlineBox {
  private let deadline: Deadline

  init(_ deadline: Deadline) {
    self.deadline = deadline
  }

  var isOver: Bool { deadline.isOver }
}
