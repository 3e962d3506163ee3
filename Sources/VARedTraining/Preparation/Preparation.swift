// `vared-train prepare`: every video of a list decoded once, over ranks and threads.

import Foundation
import Synchronization
import VARedData
import VARedDist

/// Prepares a set.
package enum Preparation {
  /// Every rank calls this. Ends the process when something fails.
  ///
  /// What is in a shard depends on the list, the options and the videos only. A shard has its name
  /// once it is whole, so the same command goes on where an earlier one ended, however it ended.
  ///
  /// - Parameter settings: what is prepared, and where.
  /// - Returns: the exit status: 0, or what `ExitStatus` says of an orderly stop.
  package static func launch(_ settings: PreparationSettings) -> Int32 {
    Launch.beginJob()
    let communicator = Launch.communicator()
    let dataset = communicator.together(status: ExitStatus.of) {
      try settings.validate()
      Terminal.verbosity = settings.verbosity
      let dataset = try Dataset.open(settings.data, videos: settings.videos)
      try PreparationPlan.requireEncoded(dataset)
      return dataset
    }
    let signals = communicator.endingJobOnFailure(status: ExitStatus.of) {
      try prepare(settings, dataset, communicator)
    }
    communicator.finalize()
    return ExitStatus.of(signals)
  }

  /// Collective.
  ///
  /// - Returns: the signals that ended it early.
  private static func prepare(
    _ settings: PreparationSettings, _ dataset: Dataset, _ communicator: Communicator
  ) throws -> Signals {
    let fingerprint = PreparationPlan.fingerprint(dataset, settings.options)
    try communicator.requireSame(fingerprint, "list of clips, or other options,")
    let share = try communicator.threadShare()
    let threads = settings.dataThreads == 0 ? share : settings.dataThreads
    let opened = communicator.together(status: ExitStatus.of) {
      communicator.rank == 0
        ? try PreparationFolder(settings, dataset, threads: threads) : nil
    }
    defer { withExtendedLifetime(opened) {} }
    let told = try communicator.broadcast(Array(try JSONEncoder().encode(opened?.job)))
    let job = try JSONDecoder().decode(PreparationJob.self, from: Data(told))
    let plan = PreparationPlan(dataset, manifest: job.manifest)
    let folder = PreparedFolder(path: settings.output, plan: plan)
    guard !job.isDone else {
      if communicator.rank == 0 { Terminal.conclude(sentence(job.manifest, settings)) }
      return []
    }
    if communicator.rank == 0 {
      for note in PreparationPlan.notes(dataset, settings.options) {
        Terminal.write("note: \(note)\n")
      }
    }
    let mine = job.pending.enumerated().filter {
      $0.offset % communicator.size == communicator.rank
    }
    let work = PreparationWork(
      plan, folder: settings.output, shards: mine.map(\.element), threads: threads)
    let pendingClips = job.pending.reduce(0) { $0 + plan.clipCount($1) }
    let clips = Split.allCases.reduce(0) { $0 + dataset.count($1) }
    var progress = PassProgress(
      "clips", total: clips, doneBefore: clips - pendingClips, on: .output)
    let signals = try watch(work, communicator) { done, bad in progress.show(done: done, bad: bad) }
    progress.end()
    if communicator.rank == 0 {
      Terminal.conclude(
        signals.isEmpty
          ? try complete(folder, settings, pendingClips, seconds: progress.seconds)
          : "stopped by \(signals.names) with \(try stored(folder, job)); the same command goes on "
            + "from there")
    }
    return signals
  }

  /// Waits for the work of all ranks, or for a signal to any of them. Collective.
  private static func watch(
    _ work: PreparationWork, _ communicator: Communicator, show: (Int, Int) -> Void
  ) throws -> Signals {
    while true {
      work.wait(seconds: 0.2)
      let isRunning = work.isRunning
      if let failure = work.failure { throw failure }
      let signals = try communicator.signalsOnAnyRank()
      let bad = work.bad.load(ordering: .relaxed)
      var sums = [
        Double(work.stored.load(ordering: .relaxed) + bad), Double(bad), isRunning ? 1 : 0,
      ]
      try sums.withUnsafeMutableBufferPointer { try communicator.allReduceSum($0) }
      if communicator.rank == 0 { show(Int(sums[0]), Int(sums[1])) }
      if sums[2] == 0 { return [] }
      guard signals.isEmpty else {
        work.stop()
        try communicator.barrier()
        return signals
      }
    }
  }

  private static func stored(_ folder: PreparedFolder, _ job: PreparationJob) throws -> String {
    "\(job.manifest.shards - (try folder.pendingShards().count)) of \(job.manifest.shards) shards"
  }

  /// Writes the lists of a folder whose shards are all there.
  ///
  /// - Returns: what there is now.
  private static func complete(
    _ folder: PreparedFolder, _ settings: PreparationSettings, _ clips: Int, seconds: Double
  ) throws -> String {
    let lists = try folder.lists()
    try AtomicFile.write(folder.file(PreparedFolder.badClipsName), text: lists.badClips)
    try AtomicFile.write(folder.file(PreparedFolder.indexName), text: lists.index)
    let counts = lists.manifest.counts ?? PreparedManifest.Counts()
    guard counts.train + counts.val > 0 else {
      throw DatasetError(
        path: settings.data, expected: "videos that decode", found: "none of \(counts.bad)",
        remedy: "see \(folder.file(PreparedFolder.badClipsName)), and give another --output then")
    }
    try AtomicFile.write(
      folder.file(PreparedManifest.fileName), text: try lists.manifest.text)
    let rate = String(format: "%.0f s, %.1f clips/s", seconds, Double(clips) / max(seconds, 1e-3))
    return sentence(lists.manifest, settings) + " (\(rate))"
  }

  private static func sentence(
    _ manifest: PreparedManifest, _ settings: PreparationSettings
  ) -> String {
    let counts = manifest.counts ?? PreparedManifest.Counts()
    let bad = counts.bad > 0 ? " (\(counts.bad) bad ones are in bad-clips.csv)" : ""
    let size = String(format: "%.1f MB", Double(counts.bytes) / 1e6)
    return "complete: \(counts.train) training and \(counts.val) validation clips\(bad), "
      + "\(size) in \(manifest.shards) shards: \(settings.output)"
  }
}
