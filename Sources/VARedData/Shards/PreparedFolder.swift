// What is in a folder that `prepare` writes: shards that are whole, and the lists made of them.

import Foundation

/// A folder while it is made.
package struct PreparedFolder: Sendable {
  /// The file name of the list of bad clips.
  package static let badClipsName = "bad-clips.csv"
  /// The file name of the list of clips.
  package static let indexName = PreparedSet.indexName

  /// Where it is.
  package let path: String
  let plan: PreparationPlan

  /// The folder of a plan.
  ///
  /// - Parameters:
  ///   - path: where it is.
  ///   - plan: what goes into it.
  package init(path: String, plan: PreparationPlan) {
    self.path = path
    self.plan = plan
  }

  /// A file of the folder.
  ///
  /// - Parameter name: the file's name.
  package func file(_ name: String) -> String { (path as NSString).appendingPathComponent(name) }

  /// The shards that are not there yet.
  ///
  /// - Throws: `DatasetError` for one that is damaged or of another set.
  package func pendingShards() throws -> [Int] {
    try plan.shards.indices.filter { number in
      let name = file(PreparedSet.shardName(number))
      guard access(name, F_OK) == 0 else { return true }
      _ = try shard(number)
      return false
    }
  }

  private func shard(_ number: Int) throws -> ShardFile {
    let shard = try ShardFile(path: file(PreparedSet.shardName(number)))
    guard shard.header.set == plan.manifest.fingerprint, shard.header.number == number else {
      throw damagedShard(shard.path, "a shard of another set")
    }
    return shard
  }

  /// Files that an interrupted run left in a folder.
  ///
  /// - Parameter path: the folder.
  package static func partialFiles(in path: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let lists = [PreparedManifest.fileName, PreparedSet.indexName, badClipsName]
    return names.filter { $0.hasSuffix(".partial") }
      .filter { $0.hasPrefix("shard-") || lists.contains(String($0.dropLast(".partial".count))) }
      .map { (path as NSString).appendingPathComponent($0) }
  }

  /// Whether a folder without a manifest holds files of a prepared set's names.
  ///
  /// - Parameter path: the folder.
  package static func foreignFile(in path: String) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let ours = [PreparedSet.indexName, badClipsName]
    return names.sorted().first {
      ours.contains($0) || $0.hasPrefix("shard-") && $0.hasSuffix(".h5")
    }
  }

  /// The files that make a set of whole shards complete.
  package struct Lists: Sendable {
    /// Text of index.csv.
    package var index: String
    /// Text of bad-clips.csv.
    package var badClips: String
    /// The manifest, complete.
    package var manifest: PreparedManifest
  }

  /// Makes the lists, once every shard is there.
  ///
  /// - Throws: `DatasetError` for a shard that cannot be read.
  package func lists() throws -> Lists {
    var lists = Lists(
      index: CSVRow(PreparedIndexReader(plan.manifest).columns).line,
      badClips: CSVRow(["path", "reason", "split"]).line,
      manifest: plan.manifest)
    var counts = PreparedManifest.Counts()
    for (number, planned) in plan.shards.enumerated() {
      let shard = try shard(number)
      lists.index += try shard.text(.index)
      lists.badClips += try shard.text(.badClips)
      let clips = shard.clipCount
      if planned.split == .train { counts.train += clips } else { counts.val += clips }
      counts.bad += planned.clips.count - clips
      counts.frames += shard.frameCount
      counts.bytes += shard.frameBytes
    }
    lists.manifest.isComplete = true
    lists.manifest.counts = counts
    return lists
  }
}
