// The work of a loader: which clip is next, who loads it, and what became of it.

import Foundation
import Synchronization

/// The shared state of a loader's threads.
///
/// A thread that hangs cannot be ended. It is left alone with the memory it writes to: its batch
/// moves to other memory, and its clip is loaded anew by another thread, for which the file that
/// hangs is one that does not decode. Whoever waits for clips or threads looks for those that hang.
final class LoadingWork: @unchecked Sendable {  // everything mutable is under `condition`
  private struct Pending {
    let batch: ClipBatch
    /// Places that are not loaded yet.
    var open: Set<Int>
    var bad: [Int: BadClip] = [:]
    var notes: [Int: ClipNote] = [:]
    var failure: DatasetError?
  }

  /// Seconds that `stop()` leaves a thread to come back.
  private static let stopSeconds = 10.0

  private let source: ClipSource
  private let batches: [[Int]]
  private let ahead: Int
  private let hangSeconds: Double
  private let makeReader: @Sendable (@escaping @Sendable () -> Bool) -> ReadClip
  private let condition = NSCondition()
  private let isStopped = Atomic<Bool>(false)
  private var pending: [Int: Pending] = [:]
  private var delivered = 0
  private var nextBatch = 0
  private var nextSlot = 0
  /// Tasks of threads that were given up.
  private var returned: [LoadingTask] = []
  /// Clips that a thread did not come back from.
  private var hanging: Set<Int> = []
  private var threads: [LoadingThread] = []

  init(
    source: ClipSource, batches: [[Int]], ahead: Int, hangSeconds: Double,
    makeReader: @escaping @Sendable (@escaping @Sendable () -> Bool) -> ReadClip
  ) {
    self.source = source
    self.batches = batches
    self.ahead = ahead
    self.hangSeconds = hangSeconds
    self.makeReader = makeReader
  }

  func start(threads count: Int) {
    condition.withLock {
      for _ in 0..<count { startThread() }
    }
  }

  func take() throws -> ClipBatch? {
    try condition.withLock {
      while delivered < batches.count, !isStopped.load(ordering: .relaxed) {
        guard let ready = pending[delivered], ready.open.isEmpty else {
          waitForThreads()
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
      let end = Deadline.now + LoadingWork.stopSeconds
      for thread in threads {
        if let reading = thread.reading { thread.reading?.end = min(reading.end, end) }
      }
      while !threads.isEmpty { waitForThreads() }
      (pending, returned) = ([:], [])
    }
  }

  /// A thread: takes one clip after the other until all are done or `stop()` is called.
  private func run(_ thread: LoadingThread) {
    @Sendable func isOver() -> Bool {
      isStopped.load(ordering: .relaxed) || thread.isAbandoned.load(ordering: .relaxed)
    }
    let read = makeReader(isOver)
    while let task = nextTask(for: thread) {
      let result = source.load(
        task.index, into: task.clip,
        with: { index, view, clip in
          try begin(index, on: thread)
          defer { end(on: thread) }
          return try read(index, view, clip)
        }, isStopped: isOver)
      finish(task, result, on: thread)
    }
    condition.withLock {
      threads.removeAll { $0 === thread }
      condition.broadcast()
    }
  }
}

// MARK: - Tasks

extension LoadingWork {
  private func nextTask(for thread: LoadingThread) -> LoadingTask? {
    condition.withLock {
      thread.task = thread.isAbandoned.load(ordering: .relaxed) ? nil : takeTask()
      return thread.task
    }
  }

  private func takeTask() -> LoadingTask? {
    while !isStopped.load(ordering: .relaxed) {
      if let task = returned.popLast() { return task }
      guard nextBatch < batches.count else { return nil }
      guard nextBatch < delivered + ahead else {
        condition.wait()
        continue
      }
      if nextSlot == 0 { openBatch() }
      if let task = takeSlot() { return task }
      (nextBatch, nextSlot) = (nextBatch + 1, 0)
    }
    return nil
  }

  private func openBatch() {
    let indices = batches[nextBatch]
    pending[nextBatch] = Pending(
      batch: ClipBatch(
        indices: indices, clipFloats: source.geometry.floatCount, classes: source.targetClasses),
      open: Set(indices.indices))
    if indices.isEmpty { condition.broadcast() }
  }

  private func takeSlot() -> LoadingTask? {
    guard nextSlot < batches[nextBatch].count, let batch = pending[nextBatch]?.batch else {
      return nil
    }
    defer { nextSlot += 1 }
    return LoadingTask(
      batch: nextBatch, slot: nextSlot, index: batch.indices[nextSlot], memory: batch.memory,
      floats: source.geometry.floatCount)
  }

  private func finish(
    _ task: LoadingTask, _ result: Result<ClipSource.Loaded, DatasetError>,
    on thread: LoadingThread
  ) {
    condition.withLock {
      guard !thread.isAbandoned.load(ordering: .relaxed), var state = pending[task.batch] else {
        return
      }
      if state.batch.memory !== task.memory {
        state.batch.memory.copy(task.range, of: task.memory)
      }
      switch result {
      case .success(let loaded):
        state.batch.labels[task.slot] = loaded.label
        let first = task.slot * source.targetClasses
        for (k, target) in loaded.targets.enumerated() { state.batch.targets[first + k] = target }
        state.bad[task.slot] = loaded.bad
        state.notes[task.slot] = loaded.note
      case .failure(let error):
        state.failure = error
      }
      state.open.remove(task.slot)
      pending[task.batch] = state
      condition.broadcast()
    }
  }
}

// MARK: - Threads

extension LoadingWork {
  private func startThread() {
    let state = LoadingThread()
    threads.append(state)
    let thread = Thread { [self] in run(state) }
    thread.name = "clips"
    thread.start()
  }

  /// - Throws: `DatasetError` where a thread hung on this clip.
  private func begin(_ index: Int, on thread: LoadingThread) throws {
    try condition.withLock {
      guard !hanging.contains(index) else {
        throw refusedVideo(
          source.dataset.name(source.split, index),
          "a decoder that did not come back within \(Int(hangSeconds.rounded())) s")
      }
      // What reads HDF5 waits for others that do, and decodes nothing.
      if case .row = source.dataset.source(source.split, index) { return }
      let isStopped = isStopped.load(ordering: .relaxed)
      thread.reading = LoadingThread.Reading(
        index: index,
        end: Deadline.now + (isStopped ? min(LoadingWork.stopSeconds, hangSeconds) : hangSeconds))
    }
  }

  private func end(on thread: LoadingThread) {
    condition.withLock { thread.reading = nil }
  }

  /// The file that has been read for longest, and how many others; empty: none.
  var filesBeingRead: String {
    let readings = condition.withLock { threads.compactMap(\.reading) }
    guard let first = readings.min(by: { $0.end < $1.end }) else { return "" }
    let name = source.dataset.name(source.split, first.index)
    return readings.count > 1 ? "\(name) and \(readings.count - 1) more" : name
  }

  /// Waits for a change or some time, and gives up threads that hang.
  private func waitForThreads() {
    _ = condition.wait(until: Date(timeIntervalSinceNow: min(2, hangSeconds)))
    let now = Deadline.now
    for thread in threads {
      guard let reading = thread.reading, reading.end <= now else { continue }
      abandon(thread, hangingOn: reading.index)
    }
  }

  private func abandon(_ thread: LoadingThread, hangingOn index: Int) {
    thread.isAbandoned.store(true, ordering: .relaxed)
    threads.removeAll { $0 === thread }
    guard !isStopped.load(ordering: .relaxed), let task = thread.task else { return }
    hanging.insert(index)
    returned.append(moved(task))
    startThread()
  }

  /// The task, its batch moved to memory that the task's thread does not know. Clips that other
  /// threads are writing follow when they are finished.
  private func moved(_ task: LoadingTask) -> LoadingTask {
    guard let pending = pending[task.batch] else { return task }
    let batch = pending.batch
    let memory = ClipMemory(floats: batch.memory.floats.count)
    for slot in 0..<batch.count where !pending.open.contains(slot) {
      memory.copy(slot * task.floats..<(slot + 1) * task.floats, of: batch.memory)
    }
    batch.memory = memory
    return LoadingTask(
      batch: task.batch, slot: task.slot, index: task.index, memory: memory, floats: task.floats)
  }
}
