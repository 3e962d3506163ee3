// Pixels of any format and size to RGB of the wanted size, through libswscale.

import CFFmpeg

/// Scales decoded frames to packed 8-bit RGB with bilinear filters, straight from their own
/// format (4:2:0, grey, 10 bit, palette …; alpha is dropped).
///
/// The frame's colour matrix and range are honoured (`FrameColours`).
final class FrameScaler {
  /// RGB of the last scaled frame.
  private(set) var pixels: UnsafeMutablePointer<UInt8>
  /// Bytes from one row of `pixels` to the next.
  private(set) var rowBytes = 0
  private var capacity = 0
  private var context: OpaquePointer?

  init() {
    pixels = UnsafeMutablePointer.allocate(capacity: 0)
  }

  deinit {
    sws_freeContext(context)
    pixels.deallocate()
  }

  /// Scales `frame` to `width` × `height`, into `pixels`.
  ///
  /// - Returns: whether swscale can do it; false for a format it does not read.
  func scale(_ frame: UnsafePointer<AVFrame>, width: Int, height: Int) -> Bool {
    let source = frame.pointee
    let format = AVPixelFormat(rawValue: .init(truncatingIfNeeded: source.format))
    guard sws_isSupportedInput(format) > 0,
      let context = sws_getCachedContext(
        context, source.width, source.height, format, Int32(width), Int32(height),
        AV_PIX_FMT_RGB24, SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nil, nil, nil)
    else {
      context = nil
      return false
    }
    self.context = context
    FrameColours(of: source).set(on: context)
    reserve(width: width, height: height)
    return withUnsafePointer(to: source.data) { data in
      withUnsafePointer(to: source.linesize) { lines in
        let planes = UnsafeRawPointer(data).assumingMemoryBound(to: UnsafePointer<UInt8>?.self)
        let strides = UnsafeRawPointer(lines).assumingMemoryBound(to: Int32.self)
        var target: UnsafeMutablePointer<UInt8>? = pixels
        var stride = Int32(rowBytes)
        return sws_scale(context, planes, strides, 0, source.height, &target, &stride) == height
      }
    }
  }

  /// Rows are aligned, and the end has room for swscale's vector stores.
  private func reserve(width: Int, height: Int) {
    rowBytes = (3 * width + 63) / 64 * 64
    let needed = rowBytes * height + 64
    guard needed > capacity else { return }
    pixels.deallocate()
    pixels = UnsafeMutableRawPointer.allocate(byteCount: needed, alignment: 64)
      .bindMemory(to: UInt8.self, capacity: needed)
    capacity = needed
  }
}
