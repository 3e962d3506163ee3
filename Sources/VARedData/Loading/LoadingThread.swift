// One thread of a loader: what it reads now, and whether it was given up.

import Synchronization

/// The clip of a batch that a thread is to load, and where to.
struct LoadingTask {
  let batch: Int
  let slot: Int
  let index: Int
  let memory: ClipMemory
  /// Floats of a clip.
  let floats: Int

  /// The places of the clip in `memory`.
  var range: Range<Int> { slot * floats..<(slot + 1) * floats }
  /// Where the clip is written.
  var clip: UnsafeMutablePointer<Float> { memory.floats.baseAddress! + range.lowerBound }
}

/// A thread of a loader.
final class LoadingThread: @unchecked Sendable {  // mutable under the loader's condition
  /// The file that is being read, and when it hangs.
  struct Reading {
    let index: Int
    var end: Double
  }

  /// The thread was given up: nothing that it brings is taken.
  let isAbandoned = Atomic<Bool>(false)
  var task: LoadingTask?
  var reading: Reading?
}
