// Short animated pictures for pages: WebP where this FFmpeg encodes it, else GIF.

import CFFmpeg

/// An animated picture in memory.
package struct EncodedAnimation: Sendable {
  /// The form of the file.
  package enum Form: Sendable {
    case webP, gif
    /// One picture that does not move.
    case jpeg

    /// The smallest that this FFmpeg encodes.
    static var best: Form {
      avcodec_find_encoder_by_name("libwebp_anim") != nil ? .webP : .gif
    }
  }

  /// The file's bytes.
  package let bytes: [UInt8]
  /// `image/webp`, `image/gif` or `image/jpeg`.
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
    let form = form ?? Form.best
    let encoder = try VideoEncoder(
      path: form.name, width: width, height: height,
      settings: form.settings(framesPerSecond: framesPerSecond))
    for (number, picture) in pictures.enumerated() {
      try encoder.write(picture, at: Int64(number))
    }
    bytes = try encoder.finishInMemory()
    mediaType = form.mediaType
  }
}

extension EncodedAnimation.Form {
  /// A name from which FFmpeg tells the container.
  fileprivate var name: String {
    switch self {
    case .webP: "animation.webp"
    case .gif: "animation.gif"
    case .jpeg: "picture.mjpeg"
    }
  }

  fileprivate var mediaType: String {
    switch self {
    case .webP: "image/webp"
    case .gif: "image/gif"
    case .jpeg: "image/jpeg"
    }
  }

  fileprivate func settings(framesPerSecond: Int) -> EncoderSettings {
    var settings = EncoderSettings()
    switch self {
    case .webP: (settings.codecs, settings.quality) = (["libwebp_anim"], 60)
    case .gif: (settings.codecs, settings.pixelFormat) = (["gif"], AV_PIX_FMT_RGB8)
    case .jpeg: (settings.codecs, settings.pixelFormat) = (["mjpeg"], AV_PIX_FMT_YUVJ420P)
    }
    settings.frameRate = Int32(framesPerSecond)
    settings.reorderedFrames = 0
    settings.repeatsForEver = true
    settings.destination = .memory
    return settings
  }
}
