// A decoded frame to the bytes that are stored of it.

import CFFmpeg

/// Encodes frames as the options say. Has buffers of its own: one a thread.
final class FrameEncoder {
  private let options: PreparationOptions
  private let scaler: UprightScaler
  private let jpeg: JPEGEncoder
  private var raw: [UInt8] = []

  init(_ options: PreparationOptions) {
    self.options = options
    scaler = UprightScaler(shortSide: options.shortSide)
    jpeg = JPEGEncoder(quality: options.quality)
  }

  /// Calls `body` with the stored form of `frame`.
  ///
  /// JPEG: the upright, scaled picture. Raw without a short side: the frame's own planes. Raw with
  /// one: the planes that JPEG would have compressed.
  ///
  /// - Throws: `UnusablePicture`, and what `body` throws.
  func encode(
    _ frame: UnsafePointer<AVFrame>, orientation: DisplayOrientation, pixelAspect: Double,
    _ body: (UnsafeRawBufferPointer, StoredPicture) throws -> Void
  ) throws {
    if options.framesFormat == .raw && options.shortSide == 0 {
      try storeRaw(frame, orientation, pixelAspect, body)
      return
    }
    let (upright, aspect) = try scaler.upright(
      frame, orientation: orientation, pixelAspect: pixelAspect)
    if options.framesFormat == .raw {
      try storeRaw(upright, .upright, aspect, body)
      return
    }
    let picture = StoredPicture(
      format: StoredPicture.jpeg, of: upright.pointee, orientation: .upright, pixelAspect: aspect)
    try body(try jpeg.compress(upright.pointee), picture)
  }

  private func storeRaw(
    _ frame: UnsafePointer<AVFrame>, _ orientation: DisplayOrientation, _ pixelAspect: Double,
    _ body: (UnsafeRawBufferPointer, StoredPicture) throws -> Void
  ) throws {
    let source = frame.pointee
    let format = AVPixelFormat(rawValue: .init(truncatingIfNeeded: source.format))
    let bytes = av_image_get_buffer_size(format, source.width, source.height, 1)
    guard bytes > 0, let name = av_get_pix_fmt_name(format) else {
      throw UnusablePicture(reason: "a picture of \(source.width)×\(source.height) without pixels")
    }
    if raw.count < Int(bytes) { raw = [UInt8](repeating: 0, count: Int(bytes)) }
    let copied = withUnsafePointer(to: source.data) { data in
      withUnsafePointer(to: source.linesize) { lines in
        av_image_copy_to_buffer(
          &raw, bytes, UnsafeRawPointer(data).assumingMemoryBound(to: UnsafePointer<UInt8>?.self),
          UnsafeRawPointer(lines).assumingMemoryBound(to: Int32.self), format, source.width,
          source.height, 1)
      }
    }
    guard copied == bytes else { throw UnusablePicture(reason: "pixels FFmpeg cannot copy") }
    let picture = StoredPicture(
      format: String(cString: name), of: source, orientation: orientation,
      pixelAspect: pixelAspect)
    try raw.withUnsafeBytes {
      try body(UnsafeRawBufferPointer(rebasing: $0[..<Int(bytes)]), picture)
    }
  }
}
