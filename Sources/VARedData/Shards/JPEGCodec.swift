// JPEG to planes and back, through libjpeg-turbo; no RGB in between.

import CFFmpeg
import CTurboJPEG

/// Compresses 4:2:0 planes. Has buffers of its own: one a thread.
final class JPEGEncoder {
  private let handle: tjhandle
  private let quality: Int32
  private var buffer: UnsafeMutablePointer<UInt8>?
  private var capacity: UInt = 0

  init(quality: Int) {
    guard let handle = tjInitCompress() else { fatalError("out of memory") }
    self.handle = handle
    self.quality = Int32(quality)
  }

  deinit {
    tjFree(buffer)
    tjDestroy(handle)
  }

  /// The JPEG file of a frame of full-range BT.601 4:2:0, valid until the next call.
  func compress(_ frame: AVFrame) throws(UnusablePicture) -> UnsafeRawBufferPointer {
    let needed = tjBufSize(frame.width, frame.height, Int32(TJSAMP_420.rawValue))
    guard needed != UInt.max else {
      throw UnusablePicture(
        reason: "a picture of \(frame.width)×\(frame.height), too large for JPEG")
    }
    if needed > capacity {
      tjFree(buffer)
      buffer = tjAlloc(Int32(needed))
      capacity = needed
    }
    var planes: [UnsafePointer<UInt8>?] = [
      UnsafePointer(frame.data.0), UnsafePointer(frame.data.1), UnsafePointer(frame.data.2),
    ]
    let strides = [frame.linesize.0, frame.linesize.1, frame.linesize.2]
    var size = capacity
    let status = tjCompressFromYUVPlanes(
      handle, &planes, frame.width, strides, frame.height, Int32(TJSAMP_420.rawValue), &buffer,
      &size, quality, TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT)
    guard status == 0 else { throw UnusablePicture(reason: "JPEG: " + message(of: handle)) }
    return UnsafeRawBufferPointer(start: buffer, count: Int(size))
  }
}

/// Decompresses to 4:2:0 planes. One a thread.
final class JPEGDecoder {
  private let handle: tjhandle

  init() {
    guard let handle = tjInitDecompress() else { fatalError("out of memory") }
    self.handle = handle
  }

  deinit { tjDestroy(handle) }

  /// Fills `frame`, 4:2:0 of the extent that the file has to have.
  func decompress(
    _ bytes: UnsafeRawBufferPointer, into frame: AVFrame
  ) throws(UnusablePicture) {
    let data = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let count = UInt(bytes.count)
    var (width, height, sampling, colours): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    guard tjDecompressHeader3(handle, data, count, &width, &height, &sampling, &colours) == 0
    else { throw UnusablePicture(reason: "JPEG: " + message(of: handle)) }
    guard width == frame.width, height == frame.height, sampling == TJSAMP_420.rawValue else {
      throw UnusablePicture(
        reason: "a JPEG of \(width)×\(height) where one of \(frame.width)×\(frame.height) belongs")
    }
    var planes = [frame.data.0, frame.data.1, frame.data.2]
    var strides = [frame.linesize.0, frame.linesize.1, frame.linesize.2]
    let status = tjDecompressToYUVPlanes(
      handle, data, count, &planes, 0, &strides, 0, TJFLAG_ACCURATEDCT)
    guard status == 0 else { throw UnusablePicture(reason: "JPEG: " + message(of: handle)) }
  }
}

private func message(of handle: tjhandle) -> String {
  tjGetErrorStr2(handle).map { String(cString: $0) } ?? "an unknown failure"
}
