// What goes wrong with a shard, in words a person can act on.

import Foundation

/// The error of a shard that cannot be written; `found` is the system's reason.
func unwritableShard(_ path: String, _ found: String) -> DatasetError {
  DatasetError(
    path: path, expected: "to write a shard", found: found,
    remedy: "mend that and run the same command again: it goes on where it stopped")
}

/// The error of a shard, or a clip in it, that cannot be used. The reason names the shard, for
/// lists that name the clip.
func damagedShard(_ path: String, _ reason: String) -> DatasetError {
  DatasetError(
    path: path, expected: "a shard as it was written",
    found: "\((path as NSString).lastPathComponent): \(reason)",
    remedy: "copy it here again, or delete it and run the same prepare command again")
}

/// The last system call's failure in words.
func lastSystemError() -> String { String(cString: strerror(errno)).lowercased() }
