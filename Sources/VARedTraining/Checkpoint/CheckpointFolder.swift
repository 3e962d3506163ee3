// The folder of a run's checkpoints: finding the newest whole one, keeping only some.

import Foundation

/// `DIR/checkpoints`, with files `step-NNNNNNNN.h5`.
package struct CheckpointFolder {
  let path: String

  /// Where the checkpoint of `step` is or would be.
  func file(step: Int) -> String {
    let digits = String(step)
    return "\(path)/step-\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits).h5"
  }

  /// Whether there is a folder at `path`.
  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  /// Steps that have a checkpoint, newest first.
  package func steps() -> [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.compactMap { name in
      guard name.hasPrefix("step-"), name.hasSuffix(".h5") else { return nil }
      return Int(name.dropFirst(5).dropLast(3))
    }.sorted(by: >)
  }

  /// What a folder has to go on from.
  struct Search {
    /// The checkpoint of the latest step that can be read whole and has finite numbers only.
    var checkpoint: Checkpoint?
    /// Newer ones that cannot be gone on from, and why: `damaged` or `diverged`.
    var unusable: [(file: String, reason: String)] = []
  }

  /// The checkpoint of the latest step that can be read whole and has finite numbers only; `warn`
  /// hears of every newer one.
  ///
  /// - Throws: `FileError` if there are checkpoints and none of them is such, or if the system does
  ///   not let one be read: it may well be whole.
  package func newestWhole(warn: (String) -> Void) throws -> Checkpoint? {
    try newest(warn: warn).checkpoint
  }

  /// The same, and the newer ones. What step a checkpoint is of it says itself: a file that
  /// somebody has renamed counts as what is in it.
  func newest(warn: (String) -> Void) throws -> Search {
    let steps = steps()
    var search = Search()
    for step in steps {
      let best = search.checkpoint?.header.position.step ?? -1
      guard step > best else { break }
      do {
        let checkpoint = try Checkpoint.read(file(step: step))
        try checkpoint.requireFinite()
        if checkpoint.header.position.step > best { search.checkpoint = checkpoint }
      } catch let error as FileError where error.fault == .damaged {
        search.unusable.append((file(step: step), "damaged"))
        warn("warning: skipping a damaged checkpoint: \(error)")
      } catch let error as FileError where error.fault == .notFinite {
        search.unusable.append((file(step: step), "diverged"))
        warn("warning: skipping a checkpoint: \(error)")
      }
    }
    if search.checkpoint == nil, let newest = steps.first {
      throw noneOf(steps.count, newest: newest, search)
    }
    return search
  }

  private func noneOf(_ count: Int, newest: Int, _ search: Search) -> FileError {
    guard search.unusable.contains(where: { $0.reason == "damaged" }) else {
      return FileError(
        path: path,
        "all of its \(count) checkpoints hold numbers that are not finite: the run diverged; "
          + "start afresh with another --output and a lower --learning-rate")
    }
    return FileError(
      path: path,
      "none of its \(count) checkpoints can be read (newest: step \(newest)); "
        + "move the folder away to start afresh")
  }

  /// Renames newer checkpoints that cannot be gone on from, so that they neither count as the
  /// newest nor are lost: `….h5.damaged`, `….h5.diverged`. The one that a run goes on from gets the
  /// name of its step back, or, where another file has that, one that is not counted.
  func tidy(after search: Search, say: (String) -> Void) {
    for (file, reason) in search.unusable { rename(file, "\(file).\(reason)") }
    guard let found = search.checkpoint else { return }
    let right = file(step: found.header.position.step)
    guard found.path != right, found.path.hasPrefix(path + "/") else { return }
    let isFree = access(right, F_OK) != 0
    let name = isFree ? right : found.path + ".copy"
    guard rename(found.path, name) == 0 else { return }
    say("note: \(found.path) is of step \(found.header.position.step): now \(name)")
  }

  /// Names of what was set aside here.
  func namesSetAside() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { name in
      name.hasPrefix("step-") && [".damaged", ".diverged", ".copy"].contains { name.hasSuffix($0) }
    }.sorted()
  }

  /// Deletes all but the `keep` newest checkpoints and those in `always`; 0 keeps all.
  func prune(keep: Int, always: Set<Int>) {
    guard keep > 0 else { return }
    for step in steps().dropFirst(keep) where !always.contains(step) { unlink(file(step: step)) }
  }

  /// Removes what a write that was killed left behind.
  func removePartial() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names where name.hasPrefix("step-") && name.hasSuffix(AtomicFile.partialSuffix) {
      unlink("\(path)/\(name)")
    }
  }
}

extension Checkpoint {
  /// The checkpoint at `path`; of a run's folder (or its `checkpoints`), the newest whole one.
  ///
  /// - Throws: `FileError` if there is none that can be read.
  package static func find(_ path: String) throws -> Checkpoint {
    guard CheckpointFolder.isFolder(path) else { return try read(path) }
    for folder in folders(path) {
      let found = try folder.newestWhole(warn: Terminal.warn)
      if let found { return found }
    }
    throw FileError(path: path, "is a folder without checkpoints (step-NNNNNNNN.h5)")
  }

  /// All that `find` chooses from, newest first.
  package static func files(_ path: String) -> [String] {
    guard CheckpointFolder.isFolder(path) else { return [path] }
    return folders(path).flatMap { folder in folder.steps().map(folder.file(step:)) }
  }

  private static func folders(_ path: String) -> [CheckpointFolder] {
    [CheckpointFolder(path: path), CheckpointFolder(path: path + "/checkpoints")]
  }
}
