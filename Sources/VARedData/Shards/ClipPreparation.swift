// One video, or folder of frames, to stored frames: decoded once, from the first kept to the last.

import CFFmpeg

/// Decodes and encodes whole videos. Has buffers of its own: one a thread.
final class ClipPreparation {
  /// What was stored of a video.
  struct Stored: Equatable {
    let isTimed: Bool
    let frames: Int
    let fps: Double
    let duration: Double
    /// Seconds of a unit of the frames' times; 0 where they have none.
    let timeUnit: Double
  }

  /// Takes a kept frame: its number, its bytes and what they are, and its time.
  typealias Deliver = (Int, UnsafeRawBufferPointer, StoredPicture, Int64) throws -> Void

  /// Seconds for one video: of two hours decoded at the rate they are shown.
  private static let seconds = 7200.0

  private let options: PreparationOptions
  private let limits = VideoLimits()
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
  ///   - source: a video or a folder of frames.
  ///   - atMost: frames after which it stops.
  ///   - deliver: takes the frames.
  /// - Throws: `DatasetError` when the clip does not decode, and what `deliver` throws.
  func store(
    _ source: Dataset.Source, atMost: Int = .max, deliver: @escaping Deliver
  ) throws -> Stored {
    let deadline = Deadline(seconds: ClipPreparation.seconds, isCancelled: isCancelled)
    switch source {
    case .video(let path): return try store(video: path, atMost, deadline, deliver)
    case .frames(let folder): return try store(frames: folder, atMost, deadline, deliver)
    case .row, .prepared: throw refusedVideo(source.path, "a clip that is decoded already")
    }
  }

  private func store(
    video path: String, _ atMost: Int, _ deadline: Deadline, _ deliver: @escaping Deliver
  ) throws -> Stored {
    let decoder = try VideoDecoder(path: path, limits: limits, deadline: deadline)
    let file = decoder.file
    let tick = file.unitSeconds
    var selection = FrameSelection(
      decoder.timeline, tick: tick, rate: file.frameRate, options)
    try decoder.decode { [options] timeline in
      selection = FrameSelection(timeline, tick: tick, rate: file.frameRate, options)
      return Array(selection.frames.prefix(atMost))
    } deliver: { [self] number, frame in
      try encode(frame, file.orientation, file.pixelAspect(of: frame), path) { bytes, picture in
        try deliver(number, bytes, picture, selection.times?[number] ?? 0)
      }
    }
    let isTimed = selection.times != nil
    return Stored(
      isTimed: isTimed, frames: selection.frames.count, fps: selection.fps,
      duration: selection.duration, timeUnit: isTimed && tick.isFinite && tick > 0 ? tick : 0)
  }

  /// Pictures have no times, and no rate: all of them are kept.
  private func store(
    frames folder: String, _ atMost: Int, _ deadline: Deadline, _ deliver: Deliver
  ) throws -> Stored {
    let folder = try FrameFolder(folder)
    for (number, path) in folder.pictures.prefix(atMost).enumerated() {
      // One that had to be decoded anew comes twice; the last counts.
      var last: (bytes: [UInt8], picture: StoredPicture)?
      do {
        try folder.decode(number, limits, deadline) { [self] frame, orientation, pixelAspect in
          try encode(frame, orientation, pixelAspect, path) { last = (Array($0), $1) }
        }
      } catch let error as DatasetError {
        throw refusedVideo(path, "\(path.lastComponent): \(error.found)")
      }
      guard let last else { throw refusedVideo(path, "\(path.lastComponent): no picture") }
      try last.bytes.withUnsafeBytes { try deliver(number, $0, last.picture, 0) }
    }
    return Stored(isTimed: false, frames: folder.pictures.count, fps: 0, duration: 0, timeUnit: 0)
  }

  private func encode(
    _ frame: UnsafePointer<AVFrame>, _ orientation: DisplayOrientation, _ pixelAspect: Double,
    _ path: String, _ body: (UnsafeRawBufferPointer, StoredPicture) throws -> Void
  ) throws {
    let narrowness = VideoLimits.narrowness(
      width: frame.pointee.width, height: frame.pointee.height, pixelAspect: pixelAspect,
      limit: limits.aspect)
    if let narrowness { throw refusedVideo(path, narrowness) }
    do {
      try encoder.encode(frame, orientation: orientation, pixelAspect: pixelAspect, body)
    } catch let error as UnusablePicture {
      throw refusedVideo(path, error.reason)
    }
  }
}
