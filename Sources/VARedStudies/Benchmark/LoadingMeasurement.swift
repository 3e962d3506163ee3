// What decoding, reading and augmenting a clip takes of a core.

import Foundation
import VARedData
import VARedTraining

/// How fast one thread loads training clips.
struct LoadingMeasurement: Encodable {
  /// Clips that were timed.
  let clips: Int
  /// Of them, those that could not be read and were replaced.
  let badClips: Int
  /// Processor seconds of a clip, of this process in user and system mode.
  let coreSecondsPerClip: Double
  /// The same as a rate.
  let clipsPerCoreSecond: Double
  /// Clips by the clock, which also counts waiting for the file system.
  let clipsPerSecond: Double

  /// Loads clips as training does, augmented, on one thread. Nothing else may compute meanwhile.
  ///
  /// - Parameters:
  ///   - dataset: where clips are.
  ///   - split: the part of it.
  ///   - geometry: every clip's extent.
  ///   - count: clips to time, spread evenly; the same again where there are fewer. As many more,
  ///     up to 8, come first and are not timed.
  /// - Throws: `DatasetError` where too few can be read.
  init(_ dataset: Dataset, _ split: Split, _ geometry: ClipGeometry, count: Int) throws {
    let available = dataset.count(split)
    let untimed = min(8, count)
    let batches = (0..<(untimed + count)).map { number in
      [number * available / (untimed + count) % available]
    }
    let loader = ClipLoader(
      dataset: dataset, split: split, geometry: geometry, batches: batches,
      view: { .train(seed: UInt64($0), augment: .standard) }, threads: 1, ahead: 1)
    defer { loader.stop() }
    for _ in 0..<untimed { _ = try loader.next() }
    let (start, startOfWork) = (ContinuousClock.now, LoadingMeasurement.processorSeconds)
    var bad = 0
    for _ in 0..<count { bad += try loader.next()?.bad.count ?? 0 }
    let seconds = start.duration(to: .now) / .seconds(1)
    clips = count
    badClips = bad
    coreSecondsPerClip = (LoadingMeasurement.processorSeconds - startOfWork) / Double(count)
    clipsPerCoreSecond = 1 / coreSecondsPerClip
    clipsPerSecond = Double(count) / seconds
  }

  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Loading's share of the processor time that training on a clip takes on `threads` cores.
  func share(ofStepAt clipsPerSecond: Double, threads: Int) -> Double {
    coreSecondsPerClip * clipsPerSecond / Double(threads)
  }
}
