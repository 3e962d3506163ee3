// Bounds that keep a hostile or damaged file from stopping a run.

import Foundation

/// What reading one clip may cost before the file is refused, and the way to call it off.
package struct VideoLimits: Sendable {
  /// Seconds for one clip, of those in which the process runs: hundreds of times what a clip of ten
  /// seconds needs. Looked at from packet to packet.
  package var seconds = 60.0
  /// Seconds, counted so, after which a thread that did not come back by itself is given up: it
  /// hangs within one packet.
  var hangSeconds = 120.0
  /// Bytes of packets kept in memory; a longer video is read from its file twice.
  var keptBytes = 64 << 20
  /// Packets of a video: nine hours at 30 frames a second. What is told from them takes about
  /// 300 bytes each while a file is opened.
  var packets = 1 << 20
  /// Pixels of a stored frame: 8K is 7680×4320.
  var pixels = 1 << 25
  /// Bytes of decoded pictures that a decoder holds at a time: fifteen of 8K with 8 bits, 4:2:0.
  var pictureBytes = 3 << 28
  /// Width over height (or height over width) of the displayed frame.
  var aspect = 32.0

  /// The bounds that hold in training.
  package static let training = VideoLimits()

  /// Why pictures of this size are not decoded; nil: they are.
  func excess(width: Int32, height: Int32) -> String? {
    guard width > 0, height > 0, Int(width) * Int(height) > pixels else { return nil }
    return "pictures of \(width)×\(height), more than \(pixels) pixels"
  }
}

extension VideoLimits {
  /// Why a picture of this shape is not shown; nil: it is.
  ///
  /// - Parameters:
  ///   - width: pixels of the stored frame.
  ///   - height: pixels of the stored frame.
  ///   - pixelAspect: width over height of a pixel.
  ///   - limit: the greatest aspect that is shown.
  static func narrowness(
    width: Int32, height: Int32, pixelAspect: Double, limit: Double
  ) -> String? {
    let (wide, high) = (Double(width) * pixelAspect, Double(height))
    guard max(wide / high, high / wide) > limit else { return nil }
    return "a picture of \(width)×\(height), narrower than 1:\(Int(limit))"
  }
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

  /// Seconds in which this process ran.
  static var now: Double { RunningTime.process.seconds }
}
