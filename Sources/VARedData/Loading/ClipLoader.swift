// Decoding ahead of training: threads of its own, batches in order, the same content always.

import Foundation

/// Decodes the clips of `batches` on its own threads and delivers the batches in order.
///
/// What a batch holds depends on the dataset, the view and the files only, never on the number of
/// threads or their timing. A clip that cannot be decoded is replaced by another of the same split
/// (see `replacements(for:count:)`) and reported in the batch. At most `ahead` batches are held.
/// A thread whose decoder hangs is given up after two minutes: another takes its place, and the
/// clip counts as one that cannot be decoded.
///
/// Use from one thread; `stop()` (also called by `deinit`) ends the threads and waits for them, but
/// not for those given up.
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
  public convenience init(
    dataset: Dataset, split: Split, geometry: ClipGeometry, batches: [[Int]],
    view: @escaping @Sendable (Int) -> View, mixing: LabelMixing = LabelMixing(), threads: Int,
    ahead: Int
  ) {
    let source = ClipSource(
      dataset: dataset, split: split, geometry: geometry, view: view, mixing: mixing)
    let limits = VideoLimits()
    let shards = ShardPool()
    self.init(
      source: source, batches: batches, threads: threads, ahead: ahead,
      hangSeconds: limits.hangSeconds
    ) { isCancelled in
      let reader = ClipReader(limits: limits, shards: shards, isCancelled: isCancelled)
      return { index, view, clip in
        try reader.read(
          dataset, split: split, index: index, view: view, geometry: geometry, into: clip)
      }
    }
  }

  /// - Parameters:
  ///   - hangSeconds: seconds after which a thread that does not come back is given up.
  ///   - makeReader: makes what a thread reads its clips with, which gives a clip up as soon as the
  ///     closure it is given says so.
  init(
    source: ClipSource, batches: [[Int]], threads: Int, ahead: Int, hangSeconds: Double,
    makeReader: @escaping @Sendable (@escaping @Sendable () -> Bool) -> ReadClip
  ) {
    let dataset = source.dataset
    precondition(threads >= 1 && ahead >= 1, "a loader has a thread and room for a batch")
    let count = dataset.count(source.split)
    precondition(
      batches.allSatisfy { $0.allSatisfy { (0..<count).contains($0) } }, "no clip of that index")
    precondition(
      !(source.mixing.isActive && dataset.isMultiLabel), "mixing is of clips with one label each")
    work = LoadingWork(
      source: source, batches: batches, ahead: ahead, hangSeconds: hangSeconds,
      makeReader: makeReader)
    work.start(threads: threads)
  }

  deinit {
    stop()
  }

  /// The next batch, waiting for it where it is not decoded yet; nil at the end or after `stop()`.
  ///
  /// - Throws: `DatasetError` when a bad clip of this batch could not be replaced, because a
  ///   hundred other clips of its split (or all) do not decode either.
  public func next() throws -> ClipBatch? { try work.take() }

  /// Says, on any thread, which files are being read now: `a.mp4 and 2 more`; empty: none.
  public var filesBeingRead: @Sendable () -> String {
    { [work] in work.filesBeingRead }
  }

  /// Ends the threads and waits until they are gone; what they were decoding is given up. One that
  /// hangs is not waited for longer than some seconds.
  public func stop() { work.stop() }
}
