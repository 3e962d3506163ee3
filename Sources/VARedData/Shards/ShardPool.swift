// The shards that are open: opened when first needed, the longest unused closed beyond a bound.

import Foundation
import Synchronization

/// Open shards, shared by the threads of a loader.
final class ShardPool: Sendable {
  fileprivate struct Open {
    var shards: [String: (file: ShardFile, lastUse: Int)] = [:]
    var uses = 0
  }

  private let limit: Int
  private let open = Mutex(Open())

  /// - Parameter limit: shards that stay open; nil: a quarter of the files that the process may
  ///   have open, at most 256.
  init(limit: Int? = nil) {
    var allowed = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &allowed)
    self.limit = limit ?? max(4, min(256, Int(clamping: allowed.rlim_cur) / 4))
  }

  /// The shard that holds `clip`.
  ///
  /// - Throws: `DatasetError` where it cannot be opened, or is of another set.
  func shard(of clip: PreparedClip) throws -> ShardFile {
    let path = clip.set.shardPath(clip.shard)
    if let file = open.withLock({ $0.use(path) }) { return file }
    let file = try ShardFile(path: path)
    guard file.header.set == clip.set.manifest.fingerprint, file.header.number == clip.shard else {
      throw damagedShard(path, "a shard of another set")
    }
    open.withLock { $0.keep(file, limit: limit) }
    return file
  }

  /// Shards that are open now.
  var count: Int { open.withLock { $0.shards.count } }
}

extension ShardPool.Open {
  fileprivate mutating func use(_ path: String) -> ShardFile? {
    uses += 1
    shards[path]?.lastUse = uses
    return shards[path]?.file
  }

  fileprivate mutating func keep(_ file: ShardFile, limit: Int) {
    while shards.count >= limit,
      let oldest = shards.min(by: { $0.value.lastUse < $1.value.lastUse })
    {
      shards[oldest.key] = nil
    }
    uses += 1
    shards[file.path] = (file, uses)
  }
}
