// Rank 0's part before a set is prepared: the folder, its lock, and what is left to do.

import Foundation
import VARedData

/// What all ranks have to know of the folder.
struct PreparationJob: Codable {
  let manifest: PreparedManifest
  /// Shards that are not there yet.
  let pending: [Int]
  /// Whether there is nothing to do.
  let isDone: Bool
}

/// The folder of a set that is being prepared, held against other runs.
final class PreparationFolder {
  let job: PreparationJob
  private let lock: FolderLock

  /// Makes or takes up the folder.
  ///
  /// - Parameters:
  ///   - settings: where it is, and how frames are made.
  ///   - dataset: the list.
  ///   - threads: for a first look at the videos.
  /// - Throws: `FileError`, `DatasetError` for a folder that holds something else.
  init(_ settings: PreparationSettings, _ dataset: Dataset, threads: Int) throws {
    let path = settings.output
    guard FileIdentity(path) == nil || FileIdentity(path) != FileIdentity(settings.data) else {
      throw FileError(path: path, "is the data itself; give another --output")
    }
    if let reason = FolderMaking.make(path) {
      throw FileError(path: path, "\(reason); give another --output")
    }
    lock = try FolderLock(path, say: Terminal.say)
    let found = try PreparedManifest.read(folder: path)
    if let found {
      try PreparationFolder.requireSame(found, dataset, settings)
    } else if let file = PreparedFolder.foreignFile(in: path) {
      throw FileError(
        path: path, "holds \(file) but no manifest.json; give another --output, or empty it")
    }
    for file in PreparedFolder.partialFiles(in: path) { unlink(file) }
    let plan =
      found.map { PreparationPlan(dataset, manifest: $0) }
      ?? PreparationPlan(dataset, settings.options, threads: threads)
    let folder = PreparedFolder(path: path, plan: plan)
    if found == nil {
      try AtomicFile.write(folder.file(PreparedManifest.fileName), text: try plan.manifest.text)
    }
    let pending = try folder.pendingShards()
    let isIndexed = FileManager.default.fileExists(atPath: folder.file(PreparedFolder.indexName))
    job = PreparationJob(
      manifest: plan.manifest, pending: pending,
      isDone: plan.manifest.isComplete && pending.isEmpty && isIndexed)
  }

  /// Refuses to go on with other options or another list.
  private static func requireSame(
    _ found: PreparedManifest, _ dataset: Dataset, _ settings: PreparationSettings
  ) throws {
    let options = settings.options
    let differences = zip(found.options.flags, options.flags).filter { $0 != $1 }
    if let (before, now) = differences.first {
      throw FileError(
        path: settings.output,
        "was prepared with \(before), not \(now); give the same flags, or another --output")
    }
    guard found.fingerprint == PreparationPlan.fingerprint(dataset, options) else {
      throw FileError(
        path: settings.output,
        "was prepared from another list than \(settings.data); give that one, or another --output")
    }
  }
}
