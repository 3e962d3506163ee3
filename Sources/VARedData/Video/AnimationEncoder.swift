// Short animated pictures for pages: WebP where this FFmpeg encodes it, else GIF.

import CFFmpeg

/// An animated picture in memory.
package struct EncodedAnimation: Sendable {
  /// The form of the file.
  package enum Form: Sendable {
    case webP, gif

    /// The smallest that this FFmpeg encodes.
    static var best: Form {
      avcodec_find_encoder_by_name("libwebp_anim") != nil ? .webP : .gif
    }
  }

  /// The file's bytes.
  package let bytes: [UInt8]
  /// `image/webp` or `image/gif`.
  package let mediaType: String

  /// Encodes pictures that are shown one after the other, again and again.
  ///
  /// - Parameters:
  ///   - pictures: RGB, width·height·3 bytes each.
  ///   - width: of a picture in pixels.
  ///   - height: of a picture in pixels.
  ///   - framesPerSecond: pictures shown in a second.
  ///   - form: of the file; nil: the smallest that this FFmpeg encodes.
  /// - Throws: `DatasetError` where FFmpeg has neither encoder.
  /// - Precondition: every picture has the bytes of its extent.
  package init(
    _ pictures: [[UInt8]], width: Int, height: Int, framesPerSecond: Int, form: Form? = nil
  ) throws {
    precondition(
      pictures.allSatisfy { $0.count == width * height * 3 }, "a picture has width·height·3 bytes")
    let isWebP = (form ?? Form.best) == .webP
    var settings = EncoderSettings()
    settings.codecs = [isWebP ? "libwebp_anim" : "gif"]
    settings.pixelFormat = isWebP ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_RGB8
    settings.frameRate = Int32(framesPerSecond)
    settings.quality = 60
    settings.repeatsForEver = true
    settings.destination = .memory
    let encoder = try VideoEncoder(
      path: isWebP ? "animation.webp" : "animation.gif", width: width, height: height,
      settings: settings)
    for (number, picture) in pictures.enumerated() {
      try encoder.write(picture, at: Int64(number))
    }
    bytes = try encoder.finishInMemory()
    mediaType = isWebP ? "image/webp" : "image/gif"
  }
}
