// Decoded frames to full-range BT.601 4:2:0, scaled to a short side and turned upright.

import CFFmpeg

/// Scales and turns frames. Has buffers of its own: one a thread.
final class UprightScaler {
  private struct Job: Equatable {
    let width: Int
    let height: Int
    let storedWidth: Int32
    let storedHeight: Int32
    let format: Int32
    let colours: FrameColours
  }

  private let shortSide: Int
  private var job: Job?
  private var context: OpaquePointer?
  private var scaled: UnsafeMutablePointer<AVFrame>?
  private var turned: UnsafeMutablePointer<AVFrame>?

  /// - Parameter shortSide: pixels of the short side of larger pictures; 0: none is scaled.
  init(shortSide: Int) { self.shortSide = shortSide }

  deinit {
    sws_freeContext(context)
    av_frame_free(&scaled)
    av_frame_free(&turned)
  }

  /// The upright picture, valid until the next call, and the aspect of its pixels: square where it
  /// was scaled. A picture whose short side is not above the wanted one keeps its pixels.
  func upright(
    _ frame: UnsafePointer<AVFrame>, orientation: DisplayOrientation, pixelAspect: Double
  ) throws(UnusablePicture) -> (frame: UnsafeMutablePointer<AVFrame>, pixelAspect: Double) {
    let source = frame.pointee
    let (wide, high) = (Double(source.width) * pixelAspect, Double(source.height))
    let factor = Double(shortSide) / min(wide, high)
    let isScaled = shortSide > 0 && factor < 1
    let job = Job(
      width: isScaled ? UprightScaler.even(wide * factor) : Int(source.width),
      height: isScaled ? UprightScaler.even(high * factor) : Int(source.height),
      storedWidth: source.width, storedHeight: source.height, format: source.format,
      colours: FrameColours(of: source))
    if job != self.job { try set(job, of: source) }
    guard let context, let scaled,
      sws_scale_frame(context, scaled, frame) >= 0
    else { throw unreadable(source) }
    let aspect = isScaled ? 1 : orientation.transposed ? 1 / pixelAspect : pixelAspect
    guard orientation != .upright else { return (scaled, aspect) }
    let upright = try turn(scaled.pointee, orientation)
    return (upright, aspect)
  }

  private static func even(_ pixels: Double) -> Int { max(2, Int((pixels / 2).rounded()) * 2) }

  private func set(_ job: Job, of source: AVFrame) throws(UnusablePicture) {
    self.job = nil
    sws_freeContext(context)
    context = nil
    let format = AVPixelFormat(rawValue: .init(truncatingIfNeeded: source.format))
    guard sws_isSupportedInput(format) > 0, let context = UprightScaler.context(job) else {
      throw unreadable(source)
    }
    self.context = context
    job.colours.set(on: context)
    scaled = try UprightScaler.picture(job.width, job.height, replacing: &scaled)
    self.job = job
  }

  /// The ranges are told before the context chooses its way: afterwards swscale 5 and 6 pass over
  /// them where nothing is scaled, or where there are more than eight bits.
  private static func context(_ job: Job) -> OpaquePointer? {
    guard let context = sws_alloc_context() else { return nil }
    let options: [(String, Int64)] = [
      ("srcw", Int64(job.storedWidth)), ("srch", Int64(job.storedHeight)),
      ("src_format", Int64(job.format)), ("src_range", job.colours.isFullRange ? 1 : 0),
      ("dstw", Int64(job.width)), ("dsth", Int64(job.height)),
      ("dst_format", Int64(AV_PIX_FMT_YUV420P.rawValue)), ("dst_range", 1),
      ("sws_flags", Int64(SWS_BILINEAR | SWS_ACCURATE_RND)),
    ]
    for (name, value) in options {
      av_opt_set_int(UnsafeMutableRawPointer(context), name, value, 0)
    }
    guard sws_init_context(context, nil, nil) >= 0 else {
      sws_freeContext(context)
      return nil
    }
    return context
  }

  /// Every plane turned: a step along the result's x (and y) is one along a stored row or column,
  /// forwards or backwards.
  private func turn(
    _ frame: AVFrame, _ orientation: DisplayOrientation
  ) throws(UnusablePicture) -> UnsafeMutablePointer<AVFrame> {
    let (width, height) = (Int(frame.width), Int(frame.height))
    let (wide, high) = orientation.transposed ? (height, width) : (width, height)
    if turned?.pointee.width != Int32(wide) || turned?.pointee.height != Int32(high) {
      turned = try UprightScaler.picture(wide, high, replacing: &turned)
    }
    guard let turned else { throw UnusablePicture(reason: "no memory for a picture") }
    let target = turned.pointee
    UprightScaler.turn(
      frame.data.0, Int(frame.linesize.0), orientation, to: target.data.0, Int(target.linesize.0),
      wide, high)
    let (halfWide, halfHigh) = ((wide + 1) / 2, (high + 1) / 2)
    UprightScaler.turn(
      frame.data.1, Int(frame.linesize.1), orientation, to: target.data.1, Int(target.linesize.1),
      halfWide, halfHigh)
    UprightScaler.turn(
      frame.data.2, Int(frame.linesize.2), orientation, to: target.data.2, Int(target.linesize.2),
      halfWide, halfHigh)
    return turned
  }

  private static func turn(
    _ source: UnsafeMutablePointer<UInt8>?, _ row: Int, _ orientation: DisplayOrientation,
    to target: UnsafeMutablePointer<UInt8>?, _ targetRow: Int, _ wide: Int, _ high: Int
  ) {
    guard let source, let target else { return }
    var (stepX, stepY) = orientation.transposed ? (row, 1) : (1, row)
    var start = 0
    if orientation.reversesX {
      start += (wide - 1) * stepX
      stepX = -stepX
    }
    if orientation.reversesY {
      start += (high - 1) * stepY
      stepY = -stepY
    }
    for y in 0..<high {
      let (from, to) = (source + start + y * stepY, target + y * targetRow)
      for x in 0..<wide { to[x] = from[x * stepX] }
    }
  }

  private static func picture(
    _ width: Int, _ height: Int, replacing old: inout UnsafeMutablePointer<AVFrame>?
  ) throws(UnusablePicture) -> UnsafeMutablePointer<AVFrame> {
    av_frame_free(&old)
    guard let frame = av_frame_alloc() else { fatalError("out of memory") }
    frame.pointee.format = AV_PIX_FMT_YUV420P.rawValue
    frame.pointee.width = Int32(width)
    frame.pointee.height = Int32(height)
    frame.pointee.color_range = AVCOL_RANGE_JPEG
    frame.pointee.colorspace = AVCOL_SPC_BT470BG
    guard av_frame_get_buffer(frame, 0) >= 0 else {
      var freed: UnsafeMutablePointer<AVFrame>? = frame
      av_frame_free(&freed)
      throw UnusablePicture(reason: "no memory for a picture of \(width)×\(height)")
    }
    return frame
  }

  private func unreadable(_ frame: AVFrame) -> UnusablePicture {
    let format = AVPixelFormat(rawValue: .init(truncatingIfNeeded: frame.format))
    let name = av_get_pix_fmt_name(format).map { String(cString: $0) } ?? "unknown"
    return UnusablePicture(
      reason: "pixels swscale cannot read (\(name), \(frame.width)×\(frame.height))")
  }
}
