// One packet of a video stream as the container lists it, and what it shows.

import CFFmpeg

/// What is known of a packet before it is decoded.
struct VideoPacket: Equatable {
  /// Presentation time in units of the stream's time base; nil when the container has none.
  var pts: Int64?
  /// Decoding time in the same units.
  var dts: Int64?
  /// To be decoded, because later pictures refer to it, but not shown: it lies outside the
  /// container's edit list.
  var isDiscarded = false
  /// What its bytes say.
  var picture = CodedPicture()
}

extension VideoPacket {
  /// - Parameters:
  ///   - packet: as the demuxer gives it.
  ///   - headers: the reader of its stream's picture headers.
  init(_ packet: UnsafePointer<AVPacket>, _ headers: PictureHeaders) {
    let none = vared_no_timestamp()
    pts = packet.pointee.pts == none ? nil : packet.pointee.pts
    dts = packet.pointee.dts == none ? nil : packet.pointee.dts
    isDiscarded = packet.pointee.flags & AV_PKT_FLAG_DISCARD != 0
    picture = headers.picture(in: packet)
  }
}

/// What the headers in a packet say about its picture.
struct CodedPicture: Equatable {
  /// How many frames it shows: 0 for a frame that others refer to only; nil where only decoding
  /// tells.
  var shown: Int? = 1
  /// A decoder may start here: what is shown later comes out as if it had started before.
  var isEntry = false
  /// It is an entry by a recovery point: the decoder keeps back the last frames of a short video.
  var isRecovery = false
  /// It is a B picture, shown before the reference picture decoded last; nil where the headers do
  /// not say.
  var isBidirectional: Bool?
  /// It refers to pictures on both sides of it, so one decoded before it is shown after it.
  var isBetween = false
  /// It may be dropped, as libavcodec drops it, and no other picture changes.
  var isSkippable = true
}
