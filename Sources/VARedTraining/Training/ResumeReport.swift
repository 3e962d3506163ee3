// What a person reads when a run goes on: from where, and what is not as it was.

import Foundation
import VARedData
import VARedNN

/// The lines of a resumed run.
struct ResumeReport {
  private(set) var lines: [String] = []

  /// - Parameters:
  ///   - clips: what the data set is now.
  init(
    _ checkpoint: Checkpoint, _ setup: TrainingSetup, _ start: StartingPoint, _ clips: ClipRecord
  ) {
    let header = checkpoint.header
    var changes = Self.changes(header, setup)
    if let change = Self.dataChange(checkpoint.path, clips) { changes.append(change) }
    let shares = Self.shares(header, setup)
    lines = (changes + shares.lines).map { "note: " + $0 }
    if !shares.keepBits { changes += shares.lines }
    lines.append(
      "resuming from \(checkpoint.path) (step \(start.position.step)): "
        + Self.place(start, setup, before: header))
    lines.append(
      changes.isEmpty
        ? "the result is that of an uninterrupted run, to the bit"
        : "note: the result is not that of an uninterrupted run to the bit, for what is noted above"
    )
  }

  /// `epoch 3 of 8 goes on with clip 9 of 16`.
  private static func place(
    _ start: StartingPoint, _ setup: TrainingSetup, before: CheckpointHeader
  ) -> String {
    let (position, epochs) = (start.position, setup.configuration.epochs)
    guard position.epoch < epochs else { return "all \(epochs) epochs are done" }
    let perStep = setup.communicator.size * setup.configuration.batch
    let done = position.epochStep * perStep + start.clipsDone
    let epoch = "epoch \(position.epoch + 1) of \(epochs)"
    guard done > 0 else { return "\(epoch) begins" }
    let place = "\(epoch) goes on with clip \(done + 1) of \(setup.clipsPerEpoch)"
    guard start.clipsDone > 0 else { return place }
    let left = perStep - start.clipsDone
    let unused = left % setup.communicator.size
    return place + ", in a step of \(left - unused)"
      + (unused > 0 ? " (\(unused) left out, so that ranks have as many)" : "")
  }

  /// What makes results differ in their last bits, or more.
  private static func changes(_ header: CheckpointHeader, _ setup: TrainingSetup) -> [String] {
    let configuration = setup.configuration
    let until = "up to step \(header.position.step)"
    var changes = header.configuration.differences(from: configuration)
      .filter { !Checkpoint.bookkeepingKeys.contains($0.key) }
      .filter { $0.key != "threads" && $0.key != "batch" }
      // What a clip is to the network does not depend on the rank that has it.
      .filter { $0.key != "balance" || !configuration.reproducible }
      .map { "\($0.key) is \($0.there) now; it was \($0.here) \(until)" }
    if let threads = header.threads, threads != setup.threads {
      changes.append("a rank has \(setup.threads) threads now; it had \(threads) \(until)")
    }
    if let lanes = header.lanes, lanes != ChannelBlock.lanes {
      changes.append(
        "this processor takes \(ChannelBlock.lanes) channels at a time; that of before took "
          + "\(lanes)")
    }
    return changes
  }

  /// How a step's clips are shared out now and were before, and whether the same bits come of it.
  private static func shares(
    _ header: CheckpointHeader, _ setup: TrainingSetup
  ) -> (lines: [String], keepBits: Bool) {
    let until = "up to step \(header.position.step)"
    let (ranks, batch) = (setup.communicator.size, setup.configuration.batch)
    var lines: [String] = []
    if header.ranks != ranks {
      lines.append("there are \(ranks) ranks now; there were \(header.ranks) \(until)")
    }
    if header.configuration.batch != batch {
      lines.append("batch is \(batch) now; it was \(header.configuration.batch) \(until)")
    }
    let (before, now) = (header.ranks * header.configuration.batch, ranks * batch)
    if before != now { lines.append("a step reads \(now) clips now; it read \(before) \(until)") }
    return (lines, setup.configuration.reproducible && before == now)
  }

  /// What changed in the data since the run of the checkpoint last started; nil: nothing that is
  /// known.
  private static func dataChange(_ checkpoint: String, _ clips: ClipRecord) -> String? {
    let run = PathParts.folder(of: PathParts.folder(of: checkpoint))
    let folder = RunFolder(path: run.isEmpty ? "." : run)
    guard let before = try? ClipRecord(reading: folder.clipRecordFile) else { return nil }
    let changes = before.changes(to: clips)
    return changes.isEmpty ? nil : changes.text + ", since the run last started"
  }
}
