// How long some videos of a set are, by what their containers say: a look at headers only.

import CFFmpeg
import Dispatch
import Foundation
import Synchronization

/// The durations of some videos, evenly over a set.
package struct DurationSample {
  /// Videos that are looked at.
  private static let count = 64
  /// Seconds for all of them; what is not told by then is left out.
  private static let patience = 5.0
  /// Seconds below and above which a video is worth a word.
  private static let usual = 0.5...600.0

  private let known: [(name: String, seconds: Double)]

  /// Looks at videos of `dataset`, for some seconds at most.
  ///
  /// - Parameter dataset: a set; only of videos is anything told.
  package init(_ dataset: Dataset) {
    let clips = Split.allCases.flatMap { split in
      (0..<dataset.count(split)).map { (split: split, index: $0) }
    }
    let some = min(clips.count, DurationSample.count)
    let sample = (0..<some).compactMap { place -> (name: String, path: String)? in
      let (split, index) = clips[place * clips.count / some]
      guard case .video(let path) = dataset.source(split, index) else { return nil }
      return (dataset.name(split, index), path)
    }
    let found = FoundDurations()
    // A thread of its own: whoever asks goes on, also where a file does not come back.
    let thread = Thread {
      let deadline = Deadline(seconds: DurationSample.patience) { false }
      for (name, path) in sample where !deadline.isOver {
        if let seconds = DurationSample.seconds(path, deadline) { found.add(name, seconds) }
      }
      found.isDone.signal()
    }
    thread.start()
    _ = found.isDone.wait(timeout: .now() + DurationSample.patience)
    known = found.all
  }

  /// One sentence about very short videos, and one about very long ones.
  package var sentences: [String] {
    let short = known.filter { $0.seconds < DurationSample.usual.lowerBound }
    let long = known.filter { $0.seconds > DurationSample.usual.upperBound }
    var sentences: [String] = []
    if let least = short.min(by: { $0.seconds < $1.seconds }) {
      sentences.append(
        "\(short.count) of \(known.count) videos looked at are shorter than half a second, such as "
          + "\(least.name) (\(DurationSample.rounded(least.seconds)) s): a clip that is longer "
          + "repeats their frames")
    }
    if let most = long.max(by: { $0.seconds < $1.seconds }) {
      sentences.append(
        "\(long.count) of \(known.count) videos looked at are longer than ten minutes, such as "
          + "\(most.name) (\(DurationSample.rounded(most.seconds / 60)) min): their label should "
          + "hold anywhere in them")
    }
    return sentences
  }

  private static func rounded(_ number: Double) -> Double { (number * 100).rounded() / 100 }

  /// nil where the file does not say.
  private static func seconds(_ path: String, _ deadline: Deadline) -> Double? {
    guard
      let demuxer = try? Demuxer(path: path, limits: VideoLimits(), deadline: deadline)
    else { return nil }
    defer { demuxer.close() }
    let duration = demuxer.format.pointee.duration
    return duration > 0 ? Double(duration) / Double(AV_TIME_BASE) : nil
  }
}

/// What a thread has found so far.
private final class FoundDurations: Sendable {
  let isDone = DispatchSemaphore(value: 0)
  private let durations = Mutex<[(name: String, seconds: Double)]>([])

  var all: [(name: String, seconds: Double)] { durations.withLock { $0 } }

  func add(_ name: String, _ seconds: Double) {
    durations.withLock { $0.append((name, seconds)) }
  }
}
