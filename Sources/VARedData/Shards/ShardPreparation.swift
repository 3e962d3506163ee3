// One shard from its videos: decode, store, and say of every clip how it went.

import Foundation

extension PreparationPlan {
  /// What became of a clip.
  package enum Outcome: Sendable {
    /// It is stored.
    case stored
    /// It does not decode, and is on the list of bad clips.
    case bad
  }

  /// Makes shard `number` of the folder; on return it is there, whole.
  ///
  /// - Parameters:
  ///   - number: of the shard.
  ///   - folder: where it goes.
  ///   - isCancelled: gives up as soon as it says so.
  ///   - progress: hears of every clip.
  /// - Returns: false when it was given up, which leaves nothing.
  /// - Throws: `DatasetError` when the shard cannot be written.
  package func makeShard(
    _ number: Int, in folder: String, isCancelled: @escaping @Sendable () -> Bool,
    progress: (Outcome) -> Void
  ) throws -> Bool {
    try makeShard(
      number, in: folder, with: GuardedPreparation(manifest.options, isCancelled: isCancelled),
      isCancelled: isCancelled, progress: progress)
  }

  /// - Parameter preparation: stores the clips.
  func makeShard(
    _ number: Int, in folder: String, with preparation: GuardedPreparation,
    isCancelled: @escaping @Sendable () -> Bool, progress: (Outcome) -> Void
  ) throws -> Bool {
    let shard = shards[number]
    let writer = try ShardWriter(
      path: (folder as NSString).appendingPathComponent(PreparedSet.shardName(number)),
      set: manifest.fingerprint, number: number)
    var (index, badClips) = ("", "")
    for clip in shard.clips {
      guard !isCancelled() else { return false }
      do {
        let stored = try store(shard.split, clip, with: preparation, to: writer)
        index += indexLine(shard.split, clip, stored, shard: number, in: writer)
        progress(.stored)
      } catch let refusal as Refusal {
        guard !isCancelled() else { return false }
        try writer.dropClip()
        badClips += badClipLine(shard.split, clip, refusal.reason)
        progress(.bad)
      }
    }
    guard !isCancelled() else { return false }
    try writer.finish(index: index, badClips: badClips)
    return true
  }

  /// A video that is bad, as against a shard that cannot be written.
  private struct Refusal: Error {
    let reason: String
  }

  /// Stores one clip's frames; the clip stays open.
  private func store(
    _ split: Split, _ index: Int, with preparation: GuardedPreparation, to writer: ShardWriter
  ) throws -> ClipPreparation.Stored {
    var writing: (any Error)?
    do {
      return try preparation.store(dataset.source(split, index)) { number, bytes, picture, time in
        do {
          if number == 0 { try writer.dropClip() }
          try writer.add(bytes, picture, time: time)
        } catch {
          writing = error
          throw error
        }
      }
    } catch {
      if let writing { throw writing }
      throw Refusal(reason: (error as? DatasetError)?.found ?? "\(error)")
    }
  }

  /// Closes the clip, and says of it what index.csv does.
  private func indexLine(
    _ split: Split, _ index: Int, _ stored: ClipPreparation.Stored, shard: Int,
    in writer: ShardWriter
  ) -> String {
    let row = writer.clipCount
    let (record, bytes) = writer.endClip(isTimed: stored.isTimed)
    let line = PreparedIndexLine(
      path: dataset.name(split, index), labels: dataset.labels(split, index),
      spans: PreparationPlan.spans(of: dataset, split, index), split: split,
      frames: record.frames, fps: stored.fps, duration: stored.duration,
      timeUnit: stored.timeUnit, shard: shard, row: row, checksum: record.checksum, bytes: bytes)
    return CSVRow(line.fields(manifest)).line
  }

  private func badClipLine(_ split: Split, _ index: Int, _ reason: String) -> String {
    let line = reason.split(whereSeparator: \.isNewline).joined(separator: " ")
    return CSVRow([dataset.name(split, index), line, split.rawValue]).line
  }
}
