// Bounds that keep a hostile or damaged file from stopping a run.

import Foundation

/// What reading one clip may cost before the file is refused, and the way to call it off.
struct VideoLimits: Sendable {
  /// Wall-clock seconds for one clip: hundreds of times what a clip of ten seconds needs.
  var seconds = 60.0
  /// Bytes of packets kept in memory; a longer video is read from its file twice.
  var keptBytes = 64 << 20
  /// Pixels of a stored frame.
  var pixels = 1 << 27
  /// Width over height (or height over width) of the displayed frame.
  var aspect = 32.0
}

/// The end of the time for one clip, or of the loader that wanted it.
struct Deadline: Sendable {
  private let end: Double
  private let isCancelled: @Sendable () -> Bool

  init(seconds: Double, isCancelled: @escaping @Sendable () -> Bool) {
    end = Deadline.now + seconds
    self.isCancelled = isCancelled
  }

  var isOver: Bool { isCancelled() || Deadline.now > end }

  private static var now: Double { ProcessInfo.processInfo.systemUptime }
}
