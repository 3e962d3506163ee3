// The NAL units of a packet of H.264 or HEVC, in either of their two packings.

import CFFmpeg

/// How a stream packs its NAL units: with a length before each (MP4, Matroska), or a start code
/// (Annex B of the standards: MPEG-TS, raw streams).
struct NALUnits {
  private let lengthBytes: Int

  /// - Parameters:
  ///   - parameters: the stream's, whose extradata (avcC, hvcC) tells the packing.
  ///   - lengthAt: the byte of it whose lowest two bits are the length's size less one.
  init(_ parameters: UnsafePointer<AVCodecParameters>, lengthAt place: Int) {
    let size = Int(parameters.pointee.extradata_size)
    guard let extradata = parameters.pointee.extradata, size > place, extradata[0] == 1 else {
      lengthBytes = 0
      return
    }
    lengthBytes = Int(extradata[place] & 3) + 1
  }

  /// Calls `body` with each unit of `packet`, its header first, until it returns false.
  func forEach(
    in packet: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Bool
  ) {
    if lengthBytes == 0 {
      forEachAfterStartCode(packet, body)
    } else {
      forEachAfterLength(packet, body)
    }
  }

  private func forEachAfterLength(
    _ packet: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Bool
  ) {
    var place = 0
    while place + lengthBytes < packet.count {
      let length = packet[place..<place + lengthBytes].reduce(0) { $0 << 8 | Int($1) }
      place += lengthBytes
      let end = place + min(length, packet.count - place)
      if end > place, !body(UnsafeBufferPointer(rebasing: packet[place..<end])) { return }
      place = end
    }
  }

  private func forEachAfterStartCode(
    _ packet: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Bool
  ) {
    guard var start = startCode(in: packet, from: 0) else { return }
    while true {
      let next = startCode(in: packet, from: start)
      let end = next.map { $0 - 3 } ?? packet.count
      if end > start, !body(UnsafeBufferPointer(rebasing: packet[start..<end])) { return }
      guard let next else { return }
      start = next
    }
  }
}

/// The place after the next start code 00 00 01 of the MPEG formats.
func startCode(in bytes: UnsafeBufferPointer<UInt8>, from first: Int) -> Int? {
  var place = first + 2
  while place < bytes.count {
    if bytes[place] > 1 {
      place += 3
    } else if bytes[place] == 1 && bytes[place - 1] == 0 && bytes[place - 2] == 0 {
      return place + 1
    } else {
      place += 1
    }
  }
  return nil
}
