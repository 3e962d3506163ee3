// Writes RGB pictures as a video file: the other direction of VideoDecoder, for synthetic sets.

import CFFmpeg
import Foundation

/// How a video is encoded.
struct EncoderSettings {
  /// Encoders to try in turn; the first that this FFmpeg has is used.
  var codecs = ["libx264", "mpeg4"]
  var pixelFormat = AV_PIX_FMT_YUV420P
  /// Frames per second.
  var frameRate: Int32 = 25
  /// x264's constant rate factor: 10 keeps single pixels of a small picture.
  var rateFactor = 10
  /// Frames from one key frame to the next.
  var keyFrameInterval: Int32 = 250
  /// Frames the encoder may reorder.
  var reorderedFrames: Int32 = 3
  /// Clockwise quarter turns that a player has to make.
  var quarterTurns = 0
  /// What encoders without a rate factor take: of MPEG-4 the quantizer, 2 is the finest; of WebP
  /// 0 to 100, 100 is the finest.
  var quality: Int32 = 2
  /// Whether an animated picture begins again and again.
  var repeatsForEver = false
  var destination = Destination.file

  /// Where the bytes go.
  enum Destination {
    /// To the path.
    case file
    /// To memory, which `finishInMemory` returns; the path only names the container.
    case memory
  }
}

/// One video file being written; the container follows from the path's extension.
final class VideoEncoder {
  private let path: String
  private let isInMemory: Bool
  private var format: UnsafeMutablePointer<AVFormatContext>?
  private var context: UnsafeMutablePointer<AVCodecContext>?
  private var frame: UnsafeMutablePointer<AVFrame>?
  private var picture: UnsafeMutablePointer<AVFrame>?
  private var packet: UnsafeMutablePointer<AVPacket>?
  private var scaler: OpaquePointer?
  private let stream: UnsafeMutablePointer<AVStream>

  /// Creates `path` and writes its header.
  ///
  /// - Throws: `DatasetError` when the file cannot be created or FFmpeg has none of the encoders.
  init(path: String, width: Int, height: Int, settings: EncoderSettings = EncoderSettings()) throws
  {
    FFmpegLog.silence()
    FFmpegLog.clear()
    self.path = path
    isInMemory = settings.destination == .memory
    let codec = settings.codecs.lazy.compactMap { avcodec_find_encoder_by_name($0) }.first
    guard let codec else {
      throw VideoEncoder.failed(
        path, "none of the encoders " + settings.codecs.joined(separator: ", "))
    }
    avformat_alloc_output_context2(&format, nil, nil, path)
    context = avcodec_alloc_context3(codec)
    guard let format, let stream = avformat_new_stream(format, nil), context != nil
    else {
      avformat_free_context(format)
      avcodec_free_context(&context)
      throw VideoEncoder.failed(path, "no container of that name")
    }
    self.stream = stream
    format.pointee.flags |= AVFMT_FLAG_BITEXACT
    try configure(width: width, height: height, settings)
    try openFile(settings)
    scaler = sws_getContext(
      Int32(width), Int32(height), AV_PIX_FMT_RGB24, Int32(width), Int32(height),
      settings.pixelFormat, SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, nil, nil, nil)
    guard scaler != nil else { throw VideoEncoder.failed(path, "an unknown pixel format") }
  }

  deinit {
    sws_freeContext(scaler)
    av_packet_free(&packet)
    av_frame_free(&frame)
    av_frame_free(&picture)
    avcodec_free_context(&context)
    if isInMemory { _ = takeMemory() }
    if let format { avio_closep(&format.pointee.pb) }
    avformat_free_context(format)
  }

  /// Adds a picture.
  ///
  /// - Parameters:
  ///   - rgb: width·height·3 bytes.
  ///   - time: when it is shown, in frames (1/frameRate s); ascending.
  func write(_ rgb: UnsafePointer<UInt8>, at time: Int64) throws {
    guard let frame, let picture, let context, let pixels = picture.pointee.data.0 else { return }
    let rowBytes = 3 * Int(picture.pointee.width)
    for row in 0..<Int(picture.pointee.height) {
      memcpy(pixels + row * Int(picture.pointee.linesize.0), rgb + row * rowBytes, rowBytes)
    }
    try check(av_frame_make_writable(frame))
    try check(sws_scale_frame(scaler, frame, picture))
    frame.pointee.pts = time
    try check(avcodec_send_frame(context, frame))
    try drain()
  }

  /// Writes what the encoder still holds and the container's end.
  ///
  /// - Throws: `DatasetError`, also when the disk is full.
  func finish() throws {
    try end()
    if let format { try check(avio_closep(&format.pointee.pb)) }
  }

  /// The same of what goes to memory, whose bytes it returns.
  ///
  /// - Throws: `DatasetError`.
  func finishInMemory() throws -> [UInt8] {
    try end()
    return takeMemory()
  }

  private func end() throws {
    try check(avcodec_send_frame(context, nil))
    try drain()
    try check(av_write_trailer(format))
  }

  /// What is in memory; nothing the second time.
  private func takeMemory() -> [UInt8] {
    guard let format, let output = format.pointee.pb else { return [] }
    var bytes: UnsafeMutablePointer<UInt8>?
    let count = avio_close_dyn_buf(output, &bytes)
    format.pointee.pb = nil
    defer { av_free(bytes) }
    return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
  }

  private func configure(width: Int, height: Int, _ settings: EncoderSettings) throws {
    guard let context else { return }
    context.pointee.width = Int32(width)
    context.pointee.height = Int32(height)
    context.pointee.pix_fmt = settings.pixelFormat
    context.pointee.time_base = AVRational(num: 1, den: settings.frameRate)
    context.pointee.framerate = AVRational(num: settings.frameRate, den: 1)
    context.pointee.gop_size = settings.keyFrameInterval
    context.pointee.max_b_frames = settings.reorderedFrames
    context.pointee.thread_count = 1
    context.pointee.flags |= Int32(AV_CODEC_FLAG_BITEXACT) | Int32(AV_CODEC_FLAG_QSCALE)
    context.pointee.global_quality = FF_QP2LAMBDA * settings.quality
    av_opt_set_int(context.pointee.priv_data, "crf", Int64(settings.rateFactor), 0)
    // Macroblock-tree rate control of x264 164 with AVX-512 gives other bytes from run to run.
    av_opt_set_int(context.pointee.priv_data, "mbtree", 0, 0)
    if (format?.pointee.oformat.pointee.flags ?? 0) & AVFMT_GLOBALHEADER != 0 {
      context.pointee.flags |= Int32(AV_CODEC_FLAG_GLOBAL_HEADER)
    }
    packet = av_packet_alloc()
    frame = try makeFrame(width, height, settings.pixelFormat)
    picture = try makeFrame(width, height, AV_PIX_FMT_RGB24)
  }

  private func makeFrame(
    _ width: Int, _ height: Int, _ format: AVPixelFormat
  ) throws -> UnsafeMutablePointer<AVFrame> {
    guard let frame = av_frame_alloc() else { fatalError("out of memory") }
    frame.pointee.format = Int32(format.rawValue)
    frame.pointee.width = Int32(width)
    frame.pointee.height = Int32(height)
    try check(av_frame_get_buffer(frame, 0))
    return frame
  }

  private func openFile(_ settings: EncoderSettings) throws {
    guard let format, let context else { return }
    try check(avcodec_open2(context, context.pointee.codec, nil))
    try check(avcodec_parameters_from_context(stream.pointee.codecpar, context))
    stream.pointee.time_base = context.pointee.time_base
    stream.pointee.avg_frame_rate = context.pointee.framerate
    if settings.quarterTurns != 0, let matrix = vared_new_display_matrix(stream) {
      av_display_rotation_set(matrix, 90 * Double(settings.quarterTurns))
    }
    if isInMemory {
      try check(avio_open_dyn_buf(&format.pointee.pb))
    } else {
      try check(avio_open(&format.pointee.pb, "file:" + path, AVIO_FLAG_WRITE))
    }
    if settings.repeatsForEver { av_opt_set_int(format.pointee.priv_data, "loop", 0, 0) }
    try check(avformat_write_header(format, nil))
  }

  private func drain() throws {
    guard let packet, let context else { return }
    while true {
      let status = avcodec_receive_packet(context, packet)
      if status == vared_averror_eagain() || status == vared_averror_eof() { return }
      try check(status)
      av_packet_rescale_ts(packet, context.pointee.time_base, stream.pointee.time_base)
      packet.pointee.stream_index = stream.pointee.index
      try check(av_interleaved_write_frame(format, packet))
    }
  }

  private func check(_ status: Int32) throws {
    if status < 0 { throw VideoEncoder.failed(path, describeFFmpegError(status)) }
  }

  private static func failed(_ path: String, _ found: String) -> DatasetError {
    DatasetError(path: path, expected: "to write a video", found: found)
  }
}
