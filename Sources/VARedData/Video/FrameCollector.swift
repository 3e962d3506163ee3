// Picks the wanted frames out of what a decoder gives.

import CFFmpeg

/// Receives a decoder's frames in display order and hands on those that are wanted.
final class FrameCollector {
  /// Wanted frames that came as themselves.
  private(set) var exact = 0
  private let wanted: [Int]
  private let times: [Int64]?
  private var next = 0
  private var decoded = 0
  private var frame: UnsafeMutablePointer<AVFrame>?
  private var previous: UnsafeMutablePointer<AVFrame>?
  private var previousTime: Int64?

  /// - Parameters:
  ///   - wanted: frame numbers in display order, ascending.
  ///   - times: the time of every frame, or nil to count frames.
  init(_ wanted: [Int], _ times: [Int64]?) {
    self.wanted = wanted
    self.times = times
    (frame, previous) = (av_frame_alloc(), av_frame_alloc())
  }

  deinit {
    av_frame_free(&frame)
    av_frame_free(&previous)
  }

  /// Every wanted frame was handed on.
  var isComplete: Bool { next == wanted.count }

  /// A packet of this time is shown before every wanted frame.
  func isBefore(_ pts: Int64) -> Bool {
    times.map { pts < $0[wanted[0]] } ?? false
  }

  /// Takes every frame the decoder has ready.
  func take(
    from context: UnsafeMutablePointer<AVCodecContext>,
    _ deliver: (Int, UnsafeMutablePointer<AVFrame>) throws -> Void
  ) throws {
    while !isComplete, let frame, avcodec_receive_frame(context, frame) >= 0 {
      defer { decoded += 1 }
      guard let time = time(of: frame) else { continue }
      try hand(frame, time, deliver)
      previousTime = time
      swap(&self.frame, &previous)
    }
  }

  /// At the end of the video: wanted frames that never came are shown by the last one.
  func finish(_ deliver: (Int, UnsafeMutablePointer<AVFrame>) throws -> Void) throws {
    guard let previous, previousTime != nil else { return }
    while !isComplete {
      try deliver(next, previous)
      next += 1
    }
  }

  private func hand(
    _ frame: UnsafeMutablePointer<AVFrame>, _ time: Int64,
    _ deliver: (Int, UnsafeMutablePointer<AVFrame>) throws -> Void
  ) throws {
    while !isComplete, time >= target {
      if time == target {
        exact += 1
        try deliver(next, frame)
      } else if let previous, let before = previousTime,
        Double(target) - Double(before) <= Double(time) - Double(target)
      {
        try deliver(next, previous)
      } else {
        try deliver(next, frame)
      }
      next += 1
    }
  }

  private var target: Int64 { times?[wanted[next]] ?? Int64(wanted[next]) }

  private func time(of frame: UnsafeMutablePointer<AVFrame>) -> Int64? {
    guard times != nil else { return Int64(decoded) }
    let time = frame.pointee.best_effort_timestamp
    return time == vared_no_timestamp() ? nil : time
  }
}
