// Pictures that are stored as JPEG: their colours, extent and orientation.

import CFFmpeg
import Testing

@testable import VARedData

@Suite struct UprightScalerTests {
  private struct Kind: CustomStringConvertible {
    let format: AVPixelFormat
    var range = AVCOL_RANGE_UNSPECIFIED
    var space = AVCOL_SPC_UNSPECIFIED

    var description: String {
      "\(String(cString: av_get_pix_fmt_name(format))) range \(range.rawValue) space \(space.rawValue)"
    }
  }

  private static let kinds = [
    Kind(format: AV_PIX_FMT_YUV420P), Kind(format: AV_PIX_FMT_YUV420P, range: AVCOL_RANGE_JPEG),
    Kind(format: AV_PIX_FMT_YUV420P, range: AVCOL_RANGE_MPEG, space: AVCOL_SPC_BT709),
    Kind(format: AV_PIX_FMT_YUV444P, range: AVCOL_RANGE_JPEG, space: AVCOL_SPC_BT709),
    Kind(format: AV_PIX_FMT_YUVJ422P), Kind(format: AV_PIX_FMT_YUV420P10LE),
    Kind(format: AV_PIX_FMT_GRAY8), Kind(format: AV_PIX_FMT_RGB24), Kind(format: AV_PIX_FMT_BGRA),
  ]

  /// A frame of four plain quarters, made from RGB by swscale.
  private func frame(_ kind: Kind, width: Int, height: Int) throws -> UnsafeMutablePointer<AVFrame>
  {
    func allocate(_ format: AVPixelFormat) throws -> UnsafeMutablePointer<AVFrame> {
      let frame = try #require(av_frame_alloc())
      frame.pointee.format = format.rawValue
      frame.pointee.width = Int32(width)
      frame.pointee.height = Int32(height)
      #expect(av_frame_get_buffer(frame, 0) >= 0)
      return frame
    }
    var picture: UnsafeMutablePointer<AVFrame>? = try allocate(AV_PIX_FMT_RGB24)
    defer { av_frame_free(&picture) }
    let colours: [[UInt8]] = [[200, 60, 40], [40, 180, 70], [60, 70, 190], [180, 170, 60]]
    let pixels = try #require(picture?.pointee.data.0)
    for y in 0..<height {
      for x in 0..<width {
        let colour = colours[(y * 2 / height) * 2 + x * 2 / width]
        for c in 0..<3 { pixels[y * Int(picture!.pointee.linesize.0) + 3 * x + c] = colour[c] }
      }
    }
    let frame = try allocate(kind.format)
    frame.pointee.color_range = kind.range
    frame.pointee.colorspace = kind.space
    let colour = FrameColours(of: frame.pointee)
    let context = try #require(
      sws_getContext(
        Int32(width), Int32(height), AV_PIX_FMT_RGB24, Int32(width), Int32(height), kind.format,
        SWS_BILINEAR | SWS_ACCURATE_RND, nil, nil, nil))
    defer { sws_freeContext(context) }
    sws_setColorspaceDetails(
      context, sws_getCoefficients(SWS_CS_DEFAULT), 1, sws_getCoefficients(colour.matrix),
      colour.isFullRange ? 1 : 0, 0, 1 << 16, 1 << 16)
    #expect(sws_scale_frame(context, frame, picture) >= 0)
    return frame
  }

  /// The middles of the quarters of a clip's one frame, as a viewer sees them.
  private func quarters(
    _ frame: UnsafePointer<AVFrame>, _ orientation: DisplayOrientation, _ aspect: Double
  ) -> [Float] {
    let geometry = ClipGeometry(frames: 1, frameStride: 1, size: 32)
    var clip = [Float](repeating: .nan, count: geometry.floatCount)
    let problem = ClipWriter().write(
      frame, orientation: orientation, pixelAspect: aspect, maxAspect: 32, view: .center,
      geometry: geometry, index: 0, to: &clip)
    #expect(problem == nil)
    var values: [Float] = []
    for (y, x) in [(8, 8), (8, 23), (23, 8), (23, 23)] {
      for c in 0..<3 {
        let value = clip[(c * 32 + y) * 32 + x]
        values.append((value * ClipWriter.deviation[c] + ClipWriter.mean[c]) * 255)
      }
    }
    return values
  }

  @Test(arguments: UprightScalerTests.kinds.indices, [0, 32])
  func aStoredPictureHasTheColoursOfTheFrame(_ kind: Int, _ shortSide: Int) throws {
    let kind = Self.kinds[kind]
    var source: UnsafeMutablePointer<AVFrame>? = try frame(kind, width: 64, height: 48)
    defer { av_frame_free(&source) }
    let scaler = UprightScaler(shortSide: shortSide)
    defer { withExtendedLifetime(scaler) {} }
    for number in 0..<8 {
      var orientation = DisplayOrientation()
      orientation.transposed = number & 1 != 0
      orientation.reversesX = number & 2 != 0
      orientation.reversesY = number & 4 != 0
      let expected = quarters(try #require(source), orientation, 1.25)
      let stored = try scaler.upright(
        try #require(source), orientation: orientation, pixelAspect: 1.25)
      let found = quarters(stored.frame, .upright, stored.pixelAspect)
      for (a, b) in zip(expected, found) {
        #expect(abs(a - b) < 4, "\(kind), \(orientation): \(expected) \(found)")
      }
      let sides = [stored.frame.pointee.width, stored.frame.pointee.height].sorted()
      #expect(sides == (shortSide == 0 ? [48, 64] : [32, 54]))
    }
  }

  @Test func jpegKeepsPlanesWithinAFewLevels() throws {
    var source: UnsafeMutablePointer<AVFrame>? = try frame(
      Kind(format: AV_PIX_FMT_YUV420P), width: 51, height: 37)
    defer { av_frame_free(&source) }
    let scaler = UprightScaler(shortSide: 0)
    defer { withExtendedLifetime(scaler) {} }
    let (upright, aspect) = try scaler.upright(
      try #require(source), orientation: .upright, pixelAspect: 1)
    let expected = quarters(upright, .upright, aspect)
    let encoder = JPEGEncoder(quality: 95)
    let bytes = Array(try encoder.compress(upright.pointee))
    withExtendedLifetime(encoder) {}
    let picture = StoredPicture(
      format: StoredPicture.jpeg, of: upright.pointee, orientation: .upright, pixelAspect: 1)
    #expect(StoredPicture(picture.line.dropLast()) == picture)
    var decoded = picture.makeFrame()
    defer { av_frame_free(&decoded) }
    let decoder = JPEGDecoder()
    try bytes.withUnsafeBytes { try decoder.decompress($0, into: try #require(decoded).pointee) }
    let found = quarters(try #require(decoded), .upright, 1)
    for (a, b) in zip(expected, found) { #expect(abs(a - b) < 4) }
    for damaged in [Array(bytes.prefix(bytes.count / 2)), Array(bytes.prefix(5)), [1, 2, 3]] {
      #expect(throws: UnusablePicture.self) {
        try damaged.withUnsafeBytes {
          try decoder.decompress($0, into: try #require(decoded).pointee)
        }
      }
    }
  }
}
