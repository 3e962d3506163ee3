// Picks the wanted frames out of what a decoder gives.

import CFFmpeg

/// Receives a decoder's frames in display order and hands on those that are wanted, each once.
final class FrameCollector {
  /// The packets of the frames the decoder gave, in the order it gave them.
  private(set) var packets: [Int] = []
  /// Those of them that the decoder had to repair.
  private(set) var damaged: [Int] = []
  private let deliver: (Int, UnsafeMutablePointer<AVFrame>) throws -> Void
  private let counts: Bool
  /// The places that a frame fills, by its packet or, with `counts`, its number.
  private var places: [Int: Int] = [:]
  private var frame = av_frame_alloc()

  /// - Parameters:
  ///   - wanted: the packets of the wanted frames, or their numbers with `counts`.
  ///   - counts: frames are told by counting what the decoder gives.
  ///   - deliver: called with a place in `wanted` and its frame.
  init(
    _ wanted: [Int], counts: Bool,
    deliver: @escaping (Int, UnsafeMutablePointer<AVFrame>) throws -> Void
  ) {
    for (place, key) in wanted.enumerated() { places[key] = place }
    self.counts = counts
    self.deliver = deliver
  }

  deinit {
    av_frame_free(&frame)
  }

  /// The packets of wanted frames that did not come; not with `counts`.
  var missing: Set<Int> { Set(places.keys) }

  /// Every wanted frame was handed on.
  var isComplete: Bool { places.isEmpty }

  /// The frame of packet `number` is wanted; always so with `counts`.
  func wants(packet number: Int) -> Bool { counts || places[number] != nil }

  /// Takes every frame the decoder has ready. A packet's number is its presentation time.
  func take(from context: UnsafeMutablePointer<AVCodecContext>) throws {
    guard let frame else { return }
    while avcodec_receive_frame(context, frame) >= 0 {
      defer { av_frame_unref(frame) }
      let isNumbered = frame.pointee.pts != vared_no_timestamp()
      let packet = isNumbered ? Int(frame.pointee.pts) : packets.last.map { $0 + 1 } ?? 0
      if frame.pointee.decode_error_flags != 0 { damaged.append(packet) }
      let key = counts ? packets.count : packet
      packets.append(packet)
      if let place = places.removeValue(forKey: key) { try deliver(place, frame) }
    }
  }
}
