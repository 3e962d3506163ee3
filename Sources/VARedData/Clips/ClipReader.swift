// One clip of a dataset as normalized floats: the work of a decoding thread.

import CFFmpeg

/// Reads clips. Has buffers of its own: one reader per thread.
package final class ClipReader {
  /// What a clip shows of its video.
  package struct Shown: Equatable {
    /// From the first to the last frame; nil where the times of the video are not known.
    var seconds: ClosedRange<Double>?
    /// What is odd about the video, one line; nil: nothing.
    var note: String?
  }

  let writer = ClipWriter()
  let limits: VideoLimits
  let isCancelled: @Sendable () -> Bool
  private let shards: ShardPool
  private let stored = StoredFrameReader()
  private var rows: [UInt8] = []

  /// A reader with bounds on time and memory per clip.
  package convenience init(limits: VideoLimits = .training) {
    self.init(limits: limits) { false }
  }

  /// A reader that gives up a clip as soon as `isCancelled` says so; `shards` are those that it and
  /// others have open.
  init(
    limits: VideoLimits, shards: ShardPool = ShardPool(),
    isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.limits = limits
    self.shards = shards
    self.isCancelled = isCancelled
  }

  /// Writes one clip `[3, T, H, W]`: RGB of 0…1, normalized with the Kinetics mean and deviation
  /// (torchvision's `r2plus1d_18`: mean 0.43216, 0.394666, 0.37645; deviation 0.22803, 0.22145,
  /// 0.216989). A pure function of its arguments and the file.
  ///
  /// The frames are those of the window `view` asks for, a video shorter than the window looped;
  /// rotation metadata, pixel aspect, variable frame rate, colour matrix and range are honoured.
  ///
  /// - Parameters:
  ///   - dataset: where the clip is listed.
  ///   - split: the part of it.
  ///   - index: the clip's place in `split`.
  ///   - view: the window and the crop.
  ///   - geometry: the clip's extent.
  ///   - clip: room for `geometry.floatCount` floats; undefined after an error.
  /// - Returns: what the clip shows of its video.
  /// - Throws: `DatasetError` when the clip cannot be decoded; its `found` is the reason.
  @discardableResult
  package func read(
    _ dataset: Dataset, split: Split, index: Int, view: View, geometry: ClipGeometry,
    into clip: UnsafeMutablePointer<Float>
  ) throws -> Shown {
    var shown = Shown()
    switch dataset.source(split, index) {
    case .video(let path): shown = try read(video: path, view, geometry, into: clip)
    case .frames(let folder): try read(frames: folder, view, geometry, into: clip)
    case .row(let row, let file): try read(row: row, of: file, view, geometry, into: clip)
    case .prepared(let stored): shown = try read(prepared: stored, view, geometry, into: clip)
    }
    if case .train(let seed, let augmentation) = view {
      augmentation?.randAugment?.apply(seed: seed, to: clip, geometry)
      augmentation?.colorJitter?.apply(seed: seed, to: clip, geometry)
    }
    return shown
  }

  /// Writes a clip of one video.
  ///
  /// - Returns: what the clip shows of it.
  @discardableResult
  package func read(
    video path: String, _ view: View, _ geometry: ClipGeometry,
    into clip: UnsafeMutablePointer<Float>
  ) throws -> Shown {
    let deadline = Deadline(seconds: limits.seconds, isCancelled: isCancelled)
    let decoder = try VideoDecoder(path: path, limits: limits, deadline: deadline)
    let file = decoder.file
    var frames = ClipFrames(of: decoder.timeline, view, geometry)
    try decoder.decode { timeline in
      frames = ClipFrames(of: timeline, view, geometry)
      return frames.wanted
    } deliver: { [self] number, frame in
      let problem = write(
        frame, at: frames.places(of: number), file.orientation, file.pixelAspect(of: frame), view,
        geometry, to: clip)
      if let problem { throw refusedVideo(path, problem) }
    }
    return Shown(
      seconds: decoder.timeline.seconds(of: frames.wanted, unit: file.unitSeconds),
      note: decoder.timeline.display?.note)
  }

  private func read(
    prepared clip: PreparedClip, _ view: View, _ geometry: ClipGeometry,
    into floats: UnsafeMutablePointer<Float>
  ) throws -> Shown {
    let deadline = Deadline(seconds: limits.seconds, isCancelled: isCancelled)
    let timeUnit = clip.timeUnit
    let clip = try StoredClip(clip, in: shards)
    let frames = ClipFrames(of: clip.timeline, view, geometry)
    try stored.read(frames.wanted, of: clip, deadline) { number, frame, picture in
      let problem = write(
        frame, at: frames.places(of: number), picture.orientation, picture.pixelAspect, view,
        geometry, to: floats)
      if let problem { throw damagedShard(clip.shard.path, problem) }
    }
    return Shown(seconds: clip.timeline.seconds(of: frames.wanted, unit: timeUnit))
  }

  /// Reads a clip of a folder of frames; only the pictures that are shown are opened.
  func read(
    frames folder: String, _ view: View, _ geometry: ClipGeometry,
    into clip: UnsafeMutablePointer<Float>
  ) throws {
    let folder = try FrameFolder(folder)
    let frames = ClipFrames(
      of: FrameTimeline(count: folder.pictures.count, times: nil), view, geometry)
    let deadline = Deadline(seconds: limits.seconds, isCancelled: isCancelled)
    for (number, picture) in frames.wanted.enumerated() {
      try folder.decode(picture, limits, deadline) { [self] frame, orientation, pixelAspect in
        let problem = write(
          frame, at: frames.places(of: number), orientation, pixelAspect, view, geometry, to: clip)
        if let problem { throw refusedVideo(folder.pictures[picture], problem) }
      }
    }
  }

  /// Writes a frame to each of some places of a clip.
  ///
  /// - Returns: nil, or why it cannot be shown.
  private func write(
    _ frame: UnsafePointer<AVFrame>, at places: [Int], _ orientation: DisplayOrientation,
    _ pixelAspect: Double, _ view: View, _ geometry: ClipGeometry,
    to clip: UnsafeMutablePointer<Float>
  ) -> String? {
    for index in places {
      let problem = writer.write(
        frame, orientation: orientation, pixelAspect: pixelAspect, maxAspect: limits.aspect,
        view: view, geometry: geometry, index: index, to: clip)
      if let problem { return problem }
    }
    return nil
  }

  private func read(
    row: Int, of file: ClipsFile, _ view: View, _ geometry: ClipGeometry,
    into clip: UnsafeMutablePointer<Float>
  ) throws {
    let frameBytes = file.height * file.width * 3
    let padding = 64  // swscale's vector loads may pass the end
    rows.append(
      contentsOf: repeatElement(0, count: max(0, file.frames * frameBytes + padding - rows.count)))
    try rows.withUnsafeMutableBufferPointer { try file.read(row, into: $0) }
    let shown = clipFrames(of: file.frames, view: view, geometry: geometry)
    var picture = av_frame_alloc()
    defer { av_frame_free(&picture) }
    guard let picture else { fatalError("out of memory") }
    picture.pointee.format = Int32(AV_PIX_FMT_RGB24.rawValue)
    picture.pointee.width = Int32(file.width)
    picture.pointee.height = Int32(file.height)
    picture.pointee.linesize.0 = Int32(file.width * 3)
    try rows.withUnsafeMutableBufferPointer { bytes in
      for (index, frame) in shown.enumerated() {
        picture.pointee.data.0 = bytes.baseAddress! + frame * frameBytes
        let problem = writer.write(
          picture, orientation: .upright, pixelAspect: 1, maxAspect: limits.aspect, view: view,
          geometry: geometry, index: index, to: clip)
        if let problem { throw refusedVideo(file.path, problem) }
      }
    }
  }
}

/// Which frames of a video a clip shows, and where.
private struct ClipFrames {
  /// The frame of the video at each place of the clip.
  let shown: [Int]
  /// The same, each once and ascending.
  let wanted: [Int]

  init(of timeline: FrameTimeline, _ view: View, _ geometry: ClipGeometry) {
    shown = clipFrames(of: timeline.count, view: view, geometry: geometry)
      .map(timeline.frame(atBeat:))
    wanted = Set(shown).sorted()
  }

  /// The places of the clip that show `wanted[number]`.
  func places(of number: Int) -> [Int] { shown.indices.filter { shown[$0] == wanted[number] } }
}
