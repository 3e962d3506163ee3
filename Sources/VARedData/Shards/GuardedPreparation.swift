// Storing clips with a guard: a decoder that does not come back costs its clip only.

/// Stores a clip, as `ClipPreparation.store` does.
typealias StoreClip = (
  _ source: Dataset.Source, _ atMost: Int, _ deliver: @escaping ClipPreparation.Deliver
) throws -> ClipPreparation.Stored

/// Has clips stored by a thread that is given up where it hangs. For use by one thread.
final class GuardedPreparation {
  private let hangSeconds: Double
  private let isCancelled: @Sendable () -> Bool
  private let makeStore: @Sendable (@escaping @Sendable () -> Bool) -> StoreClip
  private var thread: PreparationThread?

  /// - Parameters:
  ///   - options: how frames are made.
  ///   - isCancelled: gives up the clip under way as soon as it says so.
  convenience init(_ options: PreparationOptions, isCancelled: @escaping @Sendable () -> Bool) {
    self.init(hangSeconds: VideoLimits().hangSeconds, isCancelled: isCancelled) { isOver in
      let preparation = ClipPreparation(options, isCancelled: isOver)
      return { try preparation.store($0, atMost: $1, deliver: $2) }
    }
  }

  /// - Parameters:
  ///   - hangSeconds: seconds without a sign of life after which a thread is given up.
  ///   - isCancelled: gives up the clip under way as soon as it says so.
  ///   - makeStore: makes what a thread stores its clips with, which asks the closure it is given
  ///     from packet to packet whether it shall give up.
  init(
    hangSeconds: Double, isCancelled: @escaping @Sendable () -> Bool,
    makeStore: @escaping @Sendable (@escaping @Sendable () -> Bool) -> StoreClip
  ) {
    self.hangSeconds = hangSeconds
    self.isCancelled = isCancelled
    self.makeStore = makeStore
  }

  deinit { thread?.end() }

  /// Stores a clip, as `ClipPreparation.store`; `deliver` is called on another thread, and not any
  /// more after this has returned.
  func store(
    _ source: Dataset.Source, atMost: Int = .max, deliver: @escaping ClipPreparation.Deliver
  ) throws -> ClipPreparation.Stored {
    let thread = thread ?? PreparationThread(isCancelled, makeStore)
    self.thread = thread
    thread.begin(source, atMost, deliver)
    if let outcome = thread.outcome(hangSeconds: hangSeconds) { return try outcome.get() }
    self.thread = nil
    throw refusedVideo(
      source.path, "a decoder that did not come back within \(Int(hangSeconds.rounded())) s")
  }
}
