// What the numbers of a decoded frame mean: its range and its colour matrix.

import CFFmpeg

/// The colours of a frame, in swscale's terms. An unmarked frame is taken as BT.601, its range as
/// limited (grey: full), as swscale does.
struct FrameColours: Equatable {
  /// Whether values go from 0 to 255, and not from 16 to 235.
  let isFullRange: Bool
  /// swscale's number of the matrix.
  let matrix: Int32

  init(of frame: AVFrame) {
    let format = AVPixelFormat(rawValue: .init(truncatingIfNeeded: frame.format))
    let name = av_get_pix_fmt_name(format).map { String(cString: $0) } ?? ""
    let isGrey = name.hasPrefix("gray") || name.hasPrefix("ya")
    isFullRange =
      name.hasPrefix("yuvj") || frame.color_range == AVCOL_RANGE_JPEG
      || isGrey && frame.color_range == AVCOL_RANGE_UNSPECIFIED
    let isRGB = frame.colorspace == AVCOL_SPC_RGB
    matrix = isRGB ? SWS_CS_DEFAULT : Int32(frame.colorspace.rawValue)
  }

  /// Tells `context` what it reads, and that it writes BT.601 of full range.
  func set(on context: OpaquePointer) {
    sws_setColorspaceDetails(
      context, sws_getCoefficients(matrix), isFullRange ? 1 : 0,
      sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16)
  }
}
