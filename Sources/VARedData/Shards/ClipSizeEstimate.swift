// What a clip of a set will take on the disk, from the beginnings of a few.

import Dispatch
import Synchronization

/// An estimate that depends on the list, the options and the videos only.
struct ClipSizeEstimate {
  /// Clips that are looked at, evenly over the list.
  private static let clips = 32
  /// Frames of each that are encoded.
  private static let frames = 16

  /// Bytes of a clip, at least 1; a million where none decodes.
  let meanBytes: Double

  init(_ dataset: Dataset, _ options: PreparationOptions, threads: Int) {
    let all = Split.allCases.flatMap { split in
      (0..<dataset.count(split)).lazy.map { dataset.source(split, $0) }
    }
    let some = min(all.count, ClipSizeEstimate.clips)
    let sizes = Mutex([Double?](repeating: nil, count: some))
    let width = max(1, min(threads, some))
    DispatchQueue.concurrentPerform(iterations: some == 0 ? 0 : width) { thread in
      let clip = GuardedPreparation(options) { false }
      for number in stride(from: thread, to: some, by: width) {
        let size = ClipSizeEstimate.size(all[number * all.count / some], clip)
        sizes.withLock { $0[number] = size }
      }
    }
    let known = sizes.withLock { $0.compactMap { $0 } }
    meanBytes = known.isEmpty ? 1e6 : max(1, known.reduce(0, +) / Double(known.count))
  }

  private static func size(_ source: Dataset.Source, _ clip: GuardedPreparation) -> Double? {
    var (frames, bytes) = (0, 0)
    let stored = try? clip.store(source, atMost: ClipSizeEstimate.frames) { number, data, _, _ in
      if number == 0 { (frames, bytes) = (0, 0) }
      frames += 1
      bytes += data.count
    }
    return stored.map { Double(bytes) / Double(max(1, frames)) * Double($0.frames) }
  }
}
