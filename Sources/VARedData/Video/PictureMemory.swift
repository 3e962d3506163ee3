// Memory of decoded pictures: what one decoder may hold, counted picture by picture.

import CFFmpeg
import Foundation

/// Counts the bytes of the pictures that a decoder asked for and has not given back, and refuses
/// more than a bound.
///
/// They are the pictures others refer to, those held back until their turn, and the one that is
/// looked at, of whatever size each is. A decoder has tables of its own beside them, about half as
/// large at most. Decoders that bring their pictures along (libdav1d) cannot be counted: they get a
/// limit on the size of a picture, by which `ownPictures` of them fit.
final class PictureMemory {
  /// Pictures that a decoder with memory of its own may hold: AV1's eight references and two more.
  static let ownPictures = 10

  /// Why a picture was refused; nil: none was.
  private(set) var excess: String?
  private let limits: VideoLimits
  private var held = 0

  init(_ limits: VideoLimits) {
    self.limits = limits
    PictureMemory.boundBlocks()
  }

  /// Makes `context`, not yet open, ask here for its pictures; to be kept as long as it is used.
  func attach(to context: UnsafeMutablePointer<AVCodecContext>, of codec: UnsafePointer<AVCodec>) {
    context.pointee.max_pixels = Int64(limits.pixels)
    guard codec.pointee.capabilities & AV_CODEC_CAP_DR1 != 0 else {
      let bytes = PictureMemory.bytes(context.pointee.pix_fmt, width: 1024, height: 1024)
      let largest = limits.pictureBytes / PictureMemory.ownPictures * (1024 * 1024) / max(1, bytes)
      context.pointee.max_pixels = Int64(min(limits.pixels, largest))
      return
    }
    context.pointee.opaque = Unmanaged.passUnretained(self).toOpaque()
    context.pointee.get_buffer2 = { context, frame, flags in
      guard let context, let frame, let memory = context.pointee.opaque else { return -EINVAL }
      return Unmanaged<PictureMemory>.fromOpaque(memory).takeUnretainedValue()
        .allocate(context, frame, flags)
    }
  }

  /// Bounds what FFmpeg allocates in one piece, once for the process: a plane of four bytes for
  /// each of 2^25 pixels. It holds for the tables of a container too, and for pictures that
  /// libavformat decodes to find out about streams without a header.
  static func boundBlocks() { _ = blockBound }

  private static let blockBound: Void = av_max_alloc(1 << 27)

  private func allocate(
    _ context: UnsafeMutablePointer<AVCodecContext>, _ frame: UnsafeMutablePointer<AVFrame>,
    _ flags: Int32
  ) -> Int32 {
    let format = AVPixelFormat(rawValue: .init(truncatingIfNeeded: frame.pointee.format))
    let bytes = PictureMemory.bytes(
      format, width: frame.pointee.width, height: frame.pointee.height)
    guard held + bytes <= limits.pictureBytes else {
      excess =
        "pictures of \(frame.pointee.width)×\(frame.pointee.height), more than"
        + " \(limits.pictureBytes) bytes of them at a time"
      return -ENOMEM
    }
    let status = avcodec_default_get_buffer2(context, frame, flags)
    guard status >= 0 else { return status }
    return lease(frame, bytes)
  }

  /// Puts a buffer around the picture's first that tells us when it is given back.
  private func lease(_ frame: UnsafeMutablePointer<AVFrame>, _ bytes: Int) -> Int32 {
    guard let inner = frame.pointee.buf.0 else { return -EINVAL }
    let lease = Unmanaged.passRetained(Lease(of: self, bytes: bytes, inner: inner))
    let outer = av_buffer_create(
      inner.pointee.data, inner.pointee.size,
      { opaque, _ in
        guard let opaque else { return }
        Unmanaged<Lease>.fromOpaque(opaque).takeRetainedValue().end()
      }, lease.toOpaque(), 0)
    guard let outer else {
      lease.release()
      av_frame_unref(frame)
      return -ENOMEM
    }
    frame.pointee.buf.0 = outer
    held += bytes
    return 0
  }

  private static func bytes(_ format: AVPixelFormat, width: Int32, height: Int32) -> Int {
    max(0, Int(av_image_get_buffer_size(format, width, height, 1)))
  }

  /// One picture's part of the count.
  private final class Lease {
    private let memory: PictureMemory
    private let bytes: Int
    private var inner: UnsafeMutablePointer<AVBufferRef>?

    init(of memory: PictureMemory, bytes: Int, inner: UnsafeMutablePointer<AVBufferRef>) {
      self.memory = memory
      self.bytes = bytes
      self.inner = inner
    }

    func end() {
      av_buffer_unref(&inner)
      memory.held -= bytes
    }
  }
}
