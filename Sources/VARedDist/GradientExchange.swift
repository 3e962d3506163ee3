// Which buckets are under way, and the thread that keeps them moving.

import CMPI
import Foundation
import Synchronization

/// The buckets of one gradient buffer; `progress` may be called from any thread.
final class GradientExchange: @unchecked Sendable {
  /// Elements of the buffer.
  let count: Int
  private let elements: GradientElements?
  private let hosts: HostCommunicators
  private let compression: GradientCompression
  private let bucketCount: Int
  /// Buckets under way at most, while the caller computes and while it waits.
  private let fewest: Int
  private let most: Int
  private let state = Mutex(State())
  private let wake = NSCondition()
  private let stopped = Atomic(false)
  /// Whether the caller waits for a collective of its own.
  private let held = Atomic(false)

  private struct State {
    /// Elements from here on are final.
    var readyFrom: Int?
    /// Elements from here on were started.
    var startedFrom: Int?
    /// In the order of their start.
    var underWay: [BucketReduction] = []
    var failure: (any Error)?
    var isFinishing = false
  }

  /// How long the thread sleeps between two looks: short against what a bucket takes on a network
  /// of 1 Gbit/s, long against what a look costs.
  private static let interval: UInt32 = 500

  init(
    _ elements: GradientElements?, count: Int, hosts: HostCommunicators, bucketBytes: Int?,
    compression: GradientCompression
  ) {
    (self.elements, self.count, self.hosts) = (elements, count, hosts)
    self.compression = compression
    let isRemote = hosts.hosts > 1
    let bytes = bucketBytes ?? (isRemote ? 256 << 10 : 4 << 20)
    bucketCount = min(bytes / (elements?.bytes ?? 8), Int(Int32.max) / 2)
    (fewest, most) = isRemote ? (4, 16) : (64, 64)
  }

  /// Starts the thread, where there is a network to wait for.
  func startThread() {
    guard hosts.hosts > 1 else { return }
    let thread = Thread { [self] in
      while !stopped.load(ordering: .acquiring) {
        if progressQuietly() {
          usleep(Self.interval)
        } else {
          wake.lock()
          _ = wake.wait(until: Date(timeIntervalSinceNow: 0.1))
          wake.unlock()
        }
      }
    }
    thread.name = "gradients"
    thread.start()
  }

  /// Starts nothing new until `body`, a collective that the caller waits for, is over.
  func holding<Result>(_ body: () throws -> Result) rethrows -> Result {
    held.store(true, ordering: .relaxed)
    defer { held.store(false, ordering: .relaxed) }
    return try body()
  }

  func stop() { stopped.store(true, ordering: .releasing) }

  func ready(from offset: Int) throws {
    try state.withLock { state in
      state.readyFrom = min(state.readyFrom ?? count, offset)
      try progress(&state)
    }
    wake.signal()
  }

  func finish() throws {
    var isDone = false
    while !isDone {
      isDone = try state.withLock { state in
        (state.readyFrom, state.isFinishing) = (0, true)
        try progress(&state)
        guard state.underWay.isEmpty, (state.startedFrom ?? count) == 0 else { return false }
        state = State()
        return true
      }
      if !isDone { sched_yield() }
    }
  }

  /// For the thread: false where nothing is under way, or the caller makes the calls itself.
  private func progressQuietly() -> Bool {
    state.withLock { state in
      guard state.failure == nil, !state.isFinishing else { return false }
      do {
        try progress(&state)
      } catch {
        state.failure = error
      }
      return !state.underWay.isEmpty
    }
  }

  /// Moves what is under way on, and starts what may be started.
  private func progress(_ state: inout State) throws {
    if let failure = state.failure { throw failure }
    var limit = BucketReduction.Stage.done
    for bucket in state.underWay {
      try bucket.advance(upTo: limit)
      limit = bucket.stage
    }
    state.underWay.removeAll { $0.stage == .done }
    guard let elements else { return state.startedFrom = 0 }
    let (ready, limitCount) = (state.readyFrom ?? count, state.isFinishing ? most : fewest)
    while state.underWay.count < limitCount, !held.load(ordering: .relaxed) {
      let end = state.startedFrom ?? count
      let start = max(0, end - bucketCount)
      guard end > 0, start >= ready else { return }
      state.underWay.append(
        try BucketReduction(start..<end, of: elements, over: hosts, compression: compression))
      state.startedFrom = start
    }
  }
}
