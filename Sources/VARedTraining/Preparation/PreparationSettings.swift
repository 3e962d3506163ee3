// What `vared-train prepare` is asked for.

import VARedData

/// How a frame of a prepared set is stored.
package typealias FramesFormat = PreparationOptions.FramesFormat

/// A list of videos, and the folder that is to hold their frames.
package struct PreparationSettings: Sendable {
  /// The list.
  package var data = ""
  /// The folder of its videos; nil: that of the list.
  package var videos: String?
  /// The folder to write.
  package var output = ""
  /// How frames are stored.
  package var framesFormat = FramesFormat.jpeg
  /// JPEG quality.
  package var quality = 90
  /// Pixels of the short side; nil: 128 for JPEG, as decoded for raw frames.
  package var shortSide: Int?
  /// Frames per second that are kept at most; 0: all.
  package var fps = 0.0
  /// Seconds of each video that are kept; 0: all.
  package var maxSeconds = 0.0
  /// Megabytes of a shard; 0: by the size of the set.
  package var shardSize = 0.0
  /// Decoding threads per rank; 0: the rank's share of the cores.
  package var dataThreads = 0
  /// How much is said.
  package var verbosity = Verbosity.normal

  /// The defaults.
  package init() {}

  /// Checks every range.
  ///
  /// - Throws: `ConfigurationError`.
  func validate() throws {
    func require(_ isRight: Bool, _ key: String, _ expected: String) throws {
      if !isRight { throw ConfigurationError(key: key, "expected \(expected)") }
    }
    try require((1...100).contains(quality), "quality", "1 to 100, found \(quality)")
    let side = shortSide ?? 0
    try require(
      side == 0 || (16...4096).contains(side), "short-side",
      "16 to 4096 (0: as decoded), found \(side)")
    try require(
      fps == 0 || (0.01...1000).contains(fps), "fps", "0.01 to 1000 (0: all), found \(fps)")
    try require(
      maxSeconds == 0 || (0.01...1e6).contains(maxSeconds), "max-seconds",
      "0.01 to 1000000 (0: all), found \(maxSeconds)")
    try require(
      shardSize == 0 || (0.001...1e6).contains(shardSize), "shard-size",
      "0.001 to 1000000 (0: by the set), found \(shardSize)")
    var shared = TrainingConfiguration()
    shared.resources.dataThreads = dataThreads
    try shared.requireRange("data-threads")
  }

  /// The same for the data module.
  var options: PreparationOptions {
    var options = PreparationOptions()
    options.framesFormat = framesFormat
    options.quality = quality
    options.shortSide = shortSide ?? (framesFormat == .jpeg ? 128 : 0)
    options.fps = fps
    options.maxSeconds = maxSeconds
    options.shardMegabytes = shardSize
    return options
  }
}
