// How a set's videos are turned into stored frames.

/// What `prepare` was asked for; two folders with the same options and list hold the same.
package struct PreparationOptions: Codable, Equatable, Sendable {
  /// How a frame is stored.
  package enum FramesFormat: String, Codable, CaseIterable, Sendable {
    /// JPEG, upright, of full-range BT.601 4:2:0.
    case jpeg
    /// The picture's planes as they are in memory.
    case raw
  }

  /// How frames are stored.
  package var framesFormat = FramesFormat.jpeg
  /// JPEG quality, 1 to 100.
  package var quality = 90
  /// Pixels of the short side that larger pictures are scaled to; 0 keeps them.
  package var shortSide = 128
  /// Frames per second that are kept at most; 0: all.
  package var fps = 0.0
  /// Seconds of each video that are kept, from its first frame; 0: all.
  package var maxSeconds = 0.0
  /// Megabytes of a shard; 0: by the size of the set.
  package var shardMegabytes = 0.0

  /// The defaults.
  package init() {}

  /// The options as their flags, in one order.
  package var flags: [String] {
    [
      "--frames-format \(framesFormat.rawValue)", "--quality \(quality)",
      "--short-side \(shortSide)", "--fps \(fps)", "--max-seconds \(maxSeconds)",
      "--shard-size \(shardMegabytes)",
    ]
  }
}
