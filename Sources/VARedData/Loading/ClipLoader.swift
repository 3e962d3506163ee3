// Decoding ahead of training: threads of its own, batches in order, the same content always.

import Foundation
import Synchronization

/// Decodes the clips of `batches` on its own threads and delivers the batches in order.
///
/// What a batch holds depends on the dataset, the view and the files only, never on the number of
/// threads or their timing. A clip that cannot be decoded is replaced by another of the same split
/// (see `replacements(for:count:)`) and reported in the batch. At most `ahead` batches are held.
///
/// Use from one thread; `stop()` (also called by `deinit`) ends the threads and waits for them.
public final class ClipLoader {
  private let work: LoadingWork

  /// Starts the threads.
  ///
  /// - Parameters:
  ///   - dataset: where the clips are listed.
  ///   - split: the part of it.
  ///   - geometry: every clip's extent.
  ///   - batches: the clip indices of each batch, in the order of delivery; a batch may be empty.
  ///   - view: the view of the clip with this index.
  ///   - mixing: how clips of `.train` views are mixed and their labels softened.
  ///   - threads: decoding threads, at least 1.
  ///   - ahead: batches that may be decoded before they are asked for, at least 1.
  /// - Precondition: every index is below `dataset.count(split)`; nothing is mixed or softened
  ///   where clips have several labels.
  public init(
    dataset: Dataset, split: Split, geometry: ClipGeometry, batches: [[Int]],
    view: @escaping @Sendable (Int) -> View, mixing: LabelMixing = LabelMixing(), threads: Int,
    ahead: Int
  ) {
    precondition(threads >= 1 && ahead >= 1, "a loader has a thread and room for a batch")
    let count = dataset.count(split)
    precondition(
      batches.allSatisfy { $0.allSatisfy { (0..<count).contains($0) } }, "no clip of that index")
    precondition(
      !(mixing.isActive && dataset.isMultiLabel), "mixing is of clips with one label each")
    let source = ClipSource(
      dataset: dataset, split: split, geometry: geometry, view: view, mixing: mixing)
    work = LoadingWork(source: source, batches: batches, ahead: ahead, threads: threads)
    for number in 0..<threads {
      let thread = Thread { [work] in work.run() }
      thread.name = "clips-\(number)"
      thread.start()
    }
  }

  deinit {
    stop()
  }

  /// The next batch, waiting for it where it is not decoded yet; nil at the end or after `stop()`.
  ///
  /// - Throws: `DatasetError` when a bad clip of this batch could not be replaced, because a
  ///   hundred other clips of its split (or all) do not decode either.
  public func next() throws -> ClipBatch? { try work.take() }

  /// Ends the threads and waits until they are gone; what they were decoding is given up.
  public func stop() { work.stop() }
}

/// The shared state of a loader's threads.
private final class LoadingWork: @unchecked Sendable {  // everything mutable is under `condition`
  private struct Pending {
    let batch: ClipBatch
    var open: Int
    var bad: [Int: BadClip] = [:]
    var notes: [Int: ClipNote] = [:]
    var failure: DatasetError?
  }

  private let source: ClipSource
  private let batches: [[Int]]
  private let ahead: Int
  private let shards = ShardPool()
  private let condition = NSCondition()
  private let isStopped = Atomic<Bool>(false)
  private var pending: [Int: Pending] = [:]
  private var delivered = 0
  private var nextBatch = 0
  private var nextSlot = 0
  private var liveThreads: Int

  init(source: ClipSource, batches: [[Int]], ahead: Int, threads: Int) {
    self.source = source
    self.batches = batches
    self.ahead = ahead
    liveThreads = threads
  }

  /// A thread: takes one clip after the other until all are done or `stop()` is called.
  func run() {
    let reader = ClipReader(limits: VideoLimits(), shards: shards) { [self] in
      isStopped.load(ordering: .relaxed)
    }
    while let task = nextTask() {
      let result = source.load(
        task.index, into: task.clip, with: reader,
        isStopped: { self.isStopped.load(ordering: .relaxed) })
      finish(task, result)
    }
    condition.withLock {
      liveThreads -= 1
      condition.broadcast()
    }
  }

  func take() throws -> ClipBatch? {
    try condition.withLock {
      while delivered < batches.count, !isStopped.load(ordering: .relaxed) {
        guard let ready = pending[delivered], ready.open == 0 else {
          condition.wait()
          continue
        }
        if let failure = ready.failure { throw failure }
        pending[delivered] = nil
        delivered += 1
        condition.broadcast()
        ready.batch.bad = ready.bad.sorted { $0.key < $1.key }.map(\.value)
        ready.batch.notes = ready.notes.sorted { $0.key < $1.key }.map(\.value)
        return ready.batch
      }
      return nil
    }
  }

  func stop() {
    isStopped.store(true, ordering: .relaxed)
    condition.withLock {
      condition.broadcast()
      while liveThreads > 0 { condition.wait() }
      pending = [:]
    }
  }

  private struct Task {
    let batch: Int
    let slot: Int
    let index: Int
    let clip: UnsafeMutablePointer<Float>
  }

  private func nextTask() -> Task? {
    condition.withLock {
      while nextBatch < batches.count, !isStopped.load(ordering: .relaxed) {
        guard nextBatch < delivered + ahead else {
          condition.wait()
          continue
        }
        if nextSlot == 0 { openBatch() }
        if nextSlot < batches[nextBatch].count { return takeSlot() }
        (nextBatch, nextSlot) = (nextBatch + 1, 0)
      }
      return nil
    }
  }

  private func openBatch() {
    let indices = batches[nextBatch]
    pending[nextBatch] = Pending(
      batch: ClipBatch(
        indices: indices, clipFloats: source.geometry.floatCount, classes: source.targetClasses),
      open: indices.count)
    if indices.isEmpty { condition.broadcast() }
  }

  private func takeSlot() -> Task? {
    guard let batch = pending[nextBatch]?.batch, let clips = batch.clips.baseAddress else {
      return nil
    }
    defer { nextSlot += 1 }
    return Task(
      batch: nextBatch, slot: nextSlot, index: batch.indices[nextSlot],
      clip: clips + nextSlot * source.geometry.floatCount)
  }

  private func finish(_ task: Task, _ result: Result<ClipSource.Loaded, DatasetError>) {
    condition.withLock {
      switch result {
      case .success(let loaded):
        pending[task.batch]?.batch.labels[task.slot] = loaded.label
        let first = task.slot * source.targetClasses
        for (k, target) in loaded.targets.enumerated() {
          pending[task.batch]?.batch.targets[first + k] = target
        }
        pending[task.batch]?.bad[task.slot] = loaded.bad
        pending[task.batch]?.notes[task.slot] = loaded.note
      case .failure(let error):
        pending[task.batch]?.failure = error
      }
      pending[task.batch]?.open -= 1
      condition.broadcast()
    }
  }
}
