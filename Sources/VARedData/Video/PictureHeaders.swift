// Reads from a packet's first bytes, without decoding, what it shows and whether to start there.

import CFFmpeg

/// The reader of one stream's picture headers.
///
/// It knows the codecs that video sets are made of. Of any other it says that only decoding tells
/// how many frames a packet shows, unless every picture of that codec stands alone.
struct PictureHeaders {
  private let codec: AVCodecID
  private let units: NALUnits
  /// Pictures may come as two fields, a packet each.
  private let hasFieldPackets: Bool
  private let isIntraOnly: Bool

  /// - Parameters:
  ///   - parameters: the stream's.
  ///   - packetIsFrame: the container keeps both fields of a picture in one packet.
  init(_ parameters: UnsafePointer<AVCodecParameters>, packetIsFrame: Bool) {
    codec = parameters.pointee.codec_id
    units = NALUnits(parameters, lengthAt: codec == AV_CODEC_ID_HEVC ? 21 : 4)
    let order = parameters.pointee.field_order
    hasFieldPackets =
      !packetIsFrame && order != AV_FIELD_UNKNOWN && order != AV_FIELD_PROGRESSIVE
    let properties = avcodec_descriptor_get(codec)?.pointee.props ?? 0
    isIntraOnly = properties & AV_CODEC_PROP_INTRA_ONLY != 0
  }

  /// What `packet` holds.
  func picture(in packet: UnsafePointer<AVPacket>) -> CodedPicture {
    let bytes = UnsafeBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size))
    let isKey = packet.pointee.flags & AV_PKT_FLAG_KEY != 0
    var picture = codedPicture(bytes, isKey: isKey)
    let flags = packet.pointee.flags
    let isDropped = flags & AV_PKT_FLAG_DISCARD == 0 || dropsDiscarded
    if flags & AV_PKT_FLAG_CORRUPT != 0 || !isDropped { picture.shown = nil }
    return picture
  }

  private func codedPicture(_ bytes: UnsafeBufferPointer<UInt8>, isKey: Bool) -> CodedPicture {
    switch codec {
    case AV_CODEC_ID_H264: return h264(bytes, isKey: isKey)
    case AV_CODEC_ID_HEVC: return hevc(bytes, isKey: isKey)
    case AV_CODEC_ID_MPEG4: return mpeg4(bytes)
    case AV_CODEC_ID_VP8:
      // RFC 6386 §9.1: bit 0 is clear in a key frame, bit 4 set in a frame that is shown.
      return CodedPicture(
        shown: bytes.first.map { Int($0 >> 4 & 1) },
        isEntry: isKey && bytes.first.map { $0 & 1 } == 0)
    case AV_CODEC_ID_VP9: return vp9(bytes, isKey: isKey)
    case AV_CODEC_ID_AV1: return CodedPicture(isEntry: isKey, isBidirectional: false)
    case AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MPEG2VIDEO: return mpeg2(bytes, isKey: isKey)
    case AV_CODEC_ID_H263, AV_CODEC_ID_H263P, AV_CODEC_ID_FLV1, AV_CODEC_ID_MSMPEG4V2,
      AV_CODEC_ID_MSMPEG4V3, AV_CODEC_ID_WMV1, AV_CODEC_ID_WMV2, AV_CODEC_ID_THEORA:
      return CodedPicture(isEntry: isKey && isIntra(bytes), isBidirectional: false)
    case AV_CODEC_ID_FFV1: return CodedPicture(isEntry: isKey, isBidirectional: false)
    default:
      return CodedPicture(
        shown: isIntraOnly ? 1 : nil, isEntry: isIntraOnly,
        isBidirectional: isIntraOnly ? false : nil)
    }
  }

  /// libavcodec drops the frames of packets to be discarded, in every version.
  private var dropsDiscarded: Bool { codec != AV_CODEC_ID_AV1 && !isIntraOnly }

  /// An entry is an IDR picture, or one with a recovery point at itself (ITU-T H.264 §D.2.8).
  private func h264(_ bytes: UnsafeBufferPointer<UInt8>, isKey: Bool) -> CodedPicture {
    var picture = CodedPicture(shown: hasFieldPackets ? nil : 1)
    var isIDR = false
    units.forEach(in: bytes) { unit in
      let kind = unit[0] & 31
      isIDR = isIDR || kind == 5
      if isKey, kind == 6, recoversAtOnce(unit) { picture.isRecovery = true }
      if isKey, kind == 5 || picture.isRecovery { picture.isEntry = true }
      if kind == 1 || kind == 5 { picture.isBetween = hasBSlice(unit) }
      return kind != 1 && kind != 5
    }
    if isIDR { picture.isRecovery = false }
    return picture
  }

  /// Whether a slice is of type B: reads `first_mb_in_slice` and `slice_type`, both Exp-Golomb
  /// coded (ITU-T H.264 §7.3.3).
  private func hasBSlice(_ unit: UnsafeBufferPointer<UInt8>) -> Bool {
    let head = unit.dropFirst().prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    var bits = head << (8 * (8 - min(8, unit.count - 1)))
    var value = UInt64(0)
    for _ in 0..<2 {
      let zeros = UInt64(min(bits.leadingZeroBitCount, 31))
      value = (bits << zeros) >> (63 - zeros) &- 1
      bits <<= 2 * zeros + 1
    }
    return value == 1 || value == 6
  }

  /// Whether a unit of supplemental information holds a recovery point with `recovery_frame_cnt` 0.
  private func recoversAtOnce(_ unit: UnsafeBufferPointer<UInt8>) -> Bool {
    var place = 1
    func value() -> Int {
      var sum = 0
      while place < unit.count {
        defer { place += 1 }
        sum += Int(unit[place])
        if unit[place] != 255 { break }
      }
      return sum
    }
    while place + 2 < unit.count {
      let kind = value()
      let size = value()
      if kind == 6 { return place < unit.count && unit[place] & 0x80 != 0 }
      place += size
    }
    return false
  }

  /// An entry is an intra random access picture. After the end of a sequence, and after a broken
  /// link, leading pictures are dropped (ITU-T H.265 §8.1.3). A picture nothing of its sub-layer
  /// refers to may be dropped where there is but one sub-layer.
  private func hevc(_ bytes: UnsafeBufferPointer<UInt8>, isKey: Bool) -> CodedPicture {
    var picture = CodedPicture(shown: hasFieldPackets ? nil : 1)
    units.forEach(in: bytes) { unit in
      guard unit.count > 1 else { return true }
      let kind = unit[0] >> 1 & 63
      if isKey, (16...21).contains(kind) { picture.isEntry = true }
      if (16...18).contains(kind) || kind == 36 || kind == 37 { picture.shown = nil }
      if kind < 32, unit[1] & 7 > 1 { picture.isSkippable = false }
      return true
    }
    return picture
  }

  /// Reads `picture_coding_type` (ISO 13818-2 §6.2.3).
  private func mpeg2(_ bytes: UnsafeBufferPointer<UInt8>, isKey: Bool) -> CodedPicture {
    var place = startCode(in: bytes, from: 0)
    while let start = place, start + 2 < bytes.count {
      if bytes[start] == 0 {
        let kind = bytes[start + 2] >> 3 & 7
        return CodedPicture(isEntry: isKey && kind == 1, isBidirectional: kind == 3)
      }
      place = startCode(in: bytes, from: start)
    }
    return CodedPicture(shown: nil)
  }

  /// Whether a picture of a codec without B pictures is intra coded; some containers mark every
  /// packet of these as a key.
  private func isIntra(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    func value(at place: Int, bits: Int) -> Int {
      (place..<place + bits).reduce(0) {
        $0 << 1 | ($1 / 8 < bytes.count ? Int(bytes[$1 / 8]) >> (7 - $1 % 8) & 1 : 0)
      }
    }
    switch codec {
    case AV_CODEC_ID_H263, AV_CODEC_ID_H263P:
      // ITU-T H.263 §5.1.3 and, for source format 7, §5.1.4.
      guard value(at: 35, bits: 3) == 7 else { return value(at: 38, bits: 1) == 0 }
      return value(at: value(at: 38, bits: 3) == 1 ? 59 : 41, bits: 3) == 0
    case AV_CODEC_ID_FLV1:
      let size = value(at: 30, bits: 3)
      return value(at: 33 + (size == 0 ? 16 : size == 1 ? 32 : 0), bits: 2) == 0
    case AV_CODEC_ID_WMV2: return value(at: 0, bits: 1) == 0
    default: return value(at: 0, bits: 2) == 0
    }
  }

  /// Whole video object planes are counted; a tiny one may be the placeholder that stands for a
  /// plane packed into an earlier packet.
  private func mpeg4(_ bytes: UnsafeBufferPointer<UInt8>) -> CodedPicture {
    var kinds: [UInt8] = []
    var place = startCode(in: bytes, from: 0)
    while let start = place, start + 1 < bytes.count {
      if bytes[start] == 0xB6 { kinds.append(bytes[start + 1] >> 6) }
      place = startCode(in: bytes, from: start)
    }
    let isWhole = kinds.count == 1 && bytes.count > 19
    return CodedPicture(
      shown: isWhole ? 1 : nil, isEntry: isWhole && kinds[0] == 0,
      isBidirectional: kinds.first.map { $0 == 2 })
  }

  /// Counts the shown frames of a superframe (VP9 bitstream specification, Annex B and §6.2).
  private func vp9(_ bytes: UnsafeBufferPointer<UInt8>, isKey: Bool) -> CodedPicture {
    var headers: [UInt8] = []
    let marker = bytes.last ?? 0
    let (frames, sizeBytes) = (Int(marker & 7) + 1, Int(marker >> 3 & 3) + 1)
    let index = bytes.count - 2 - sizeBytes * frames
    if marker & 0xE0 == 0xC0, index >= 0, bytes[index] == marker {
      var start = 0
      for frame in 0..<frames where start < index {
        headers.append(bytes[start])
        let place = index + 1 + frame * sizeBytes
        start += bytes[place..<place + sizeBytes].reversed().reduce(0) { $0 << 8 | Int($1) }
      }
    } else {
      headers = bytes.first.map { [$0] } ?? []
    }
    let shown = headers.filter { header in
      let below = header & 0x30 == 0x30 ? header : header >> 1
      return below & 4 != 0 || below & 1 != 0
    }.count
    let first = headers.first.map { $0 & 0x30 == 0x30 ? $0 : $0 >> 1 } ?? 2
    return CodedPicture(shown: shown < 2 ? shown : nil, isEntry: isKey && first & 6 == 0)
  }
}
