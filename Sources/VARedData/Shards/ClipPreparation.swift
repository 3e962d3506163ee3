// One video to stored frames: decoded once, from its first kept frame to its last.

import CFFmpeg

/// Decodes and encodes whole videos. Has buffers of its own: one a thread.
final class ClipPreparation {
  /// What was stored of a video.
  struct Stored: Equatable {
    let isTimed: Bool
    let frames: Int
    let fps: Double
    let duration: Double
  }

  /// Seconds for one video: of two hours decoded at the rate they are shown.
  private static let seconds = 7200.0

  private let options: PreparationOptions
  private let encoder: FrameEncoder
  private let isCancelled: @Sendable () -> Bool

  /// - Parameter isCancelled: gives up the video under way as soon as it says so.
  init(_ options: PreparationOptions, isCancelled: @escaping @Sendable () -> Bool = { false }) {
    self.options = options
    encoder = FrameEncoder(options)
    self.isCancelled = isCancelled
  }

  /// Calls `deliver(i, bytes, picture, time)` with each kept frame, i = 0, 1, 2 … It begins with 0
  /// again where the video had to be decoded anew: what came before is void then.
  ///
  /// - Parameters:
  ///   - path: the video.
  ///   - atMost: frames after which it stops.
  ///   - deliver: takes the frames.
  /// - Throws: `DatasetError` when the video does not decode, and what `deliver` throws.
  func store(
    _ path: String, atMost: Int = .max,
    deliver: @escaping (Int, UnsafeRawBufferPointer, StoredPicture, Int64) throws -> Void
  ) throws -> Stored {
    let limits = VideoLimits()
    let deadline = Deadline(seconds: ClipPreparation.seconds, isCancelled: isCancelled)
    let decoder = try VideoDecoder(path: path, limits: limits, deadline: deadline)
    let file = decoder.file
    let tick = file.unitSeconds
    var selection = FrameSelection(
      decoder.timeline, tick: tick, rate: file.frameRate, options)
    try decoder.decode { [options] timeline in
      selection = FrameSelection(timeline, tick: tick, rate: file.frameRate, options)
      return Array(selection.frames.prefix(atMost))
    } deliver: { [encoder] number, frame in
      do {
        try encoder.encode(
          frame, orientation: file.orientation, pixelAspect: file.pixelAspect(of: frame)
        ) { bytes, picture in
          try deliver(number, bytes, picture, selection.times?[number] ?? 0)
        }
      } catch let error as UnusablePicture {
        throw refusedVideo(path, error.reason)
      }
    }
    return Stored(
      isTimed: selection.times != nil, frames: selection.frames.count, fps: selection.fps,
      duration: selection.duration)
  }
}
