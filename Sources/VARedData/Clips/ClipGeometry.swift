// What a clip is: its extent in time and space.

/// The extent of every clip: `frames` frames, `frameStride` apart, `size` × `size` pixels.
public struct ClipGeometry: Sendable, Equatable {
  /// Frames of a clip, T.
  public var frames: Int
  /// Distance between neighbouring frames of the clip, in frames of the video.
  public var frameStride: Int
  /// Height and width of a clip in pixels, H = W.
  public var size: Int

  /// A clip's extent.
  ///
  /// - Precondition: all three are at least 1.
  public init(frames: Int, frameStride: Int, size: Int) {
    precondition(frames >= 1 && frameStride >= 1 && size >= 1, "a clip has at least one pixel")
    self.frames = frames
    self.frameStride = frameStride
    self.size = size
  }

  /// Frames of the video from the first to the last frame of the clip.
  public var windowFrames: Int { (frames - 1) * frameStride + 1 }
  /// Floats of one clip `[3, T, H, W]`.
  public var floatCount: Int { 3 * frames * size * size }
}
