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

  /// A file of the folder, and the step that its name says, in as many digits as somebody wrote.
  package struct Entry: Equatable {
    package let step: Int
    package let path: String
  }

  /// The checkpoints, newest first by their names.
  package func entries() -> [Entry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let found = names.compactMap { name -> Entry? in
      guard name.hasPrefix("step-"), name.hasSuffix(".h5") else { return nil }
      let digits = name.dropFirst(5).dropLast(3)
      guard digits.allSatisfy({ "0"..."9" ~= $0 }), let step = Int(digits) else { return nil }
      return Entry(step: step, path: "\(path)/\(name)")
    }
    return found.sorted { ($0.step, $1.path) > ($1.step, $0.path) }
  }

  /// Steps that have a checkpoint, newest first.
  package func steps() -> [Int] {
    var seen: Set<Int> = []
    return entries().map(\.step).filter { seen.insert($0).inserted }
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
    let entries = entries()
    var search = Search()
    for entry in entries {
      let best = search.checkpoint?.header.position.step ?? -1
      guard entry.step > best else { break }
      do {
        let checkpoint = try Checkpoint.read(entry.path)
        try checkpoint.requireFinite()
        if checkpoint.header.position.step > best { search.checkpoint = checkpoint }
      } catch let error as FileError where error.fault == .damaged {
        search.unusable.append((entry.path, "damaged"))
        warn("warning: skipping a damaged checkpoint: \(error)")
      } catch let error as FileError where error.fault == .notFinite {
        search.unusable.append((entry.path, "diverged"))
        warn("warning: skipping a checkpoint: \(error)")
      }
    }
    if search.checkpoint == nil, let newest = entries.first {
      throw noneOf(entries.count, newest: newest.step, search)
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
  /// newest nor are lost: `….h5.damaged`, `….h5.diverged`, with a number where that is taken. The
  /// one that a run goes on from gets the name of its step back, or, where another file has that,
  /// one that is not counted.
  ///
  /// - Throws: `FileError` if one cannot be renamed: a later checkpoint would take its name.
  func tidy(after search: Search, say: (String) -> Void) throws {
    for (file, reason) in search.unusable { try move(file, to: "\(file).\(reason)") }
    guard let found = search.checkpoint else { return }
    let right = file(step: found.header.position.step)
    guard found.path != right, found.path.hasPrefix(path + "/") else { return }
    let isFree = access(right, F_OK) != 0
    let name = try move(found.path, to: isFree ? right : found.path + ".copy")
    say("note: \(found.path) is of step \(found.header.position.step): now \(name)")
  }

  /// Renames a file, to a name that no other one has.
  @discardableResult private func move(_ file: String, to name: String) throws -> String {
    var free = name
    var number = 1
    while access(free, F_OK) == 0 {
      number += 1
      free = "\(name).\(number)"
    }
    guard rename(file, free) == 0 else {
      throw FileError(path: file, "cannot be renamed to \(free): \(systemReason())")
    }
    return free
  }

  /// Names of what was set aside here.
  func namesSetAside() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { name in
      name.hasPrefix("step-")
        && [".h5.damaged", ".h5.diverged", ".h5.copy"].contains(where: name.contains)
    }.sorted()
  }

  /// Deletes all but the `keep` newest checkpoints and those in `always`; 0 keeps all. What a
  /// person has named stays.
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
  /// - Parameter warn: hears of newer ones that cannot be used.
  /// - Throws: `FileError` if there is none that can be read.
  package static func find(
    _ path: String, warn: (String) -> Void = Terminal.warn
  ) throws -> Checkpoint {
    guard CheckpointFolder.isFolder(path) else { return try read(path) }
    for folder in folders(path) {
      let found = try folder.newestWhole(warn: warn)
      if let found { return found }
    }
    throw FileError(path: path, "is a folder without checkpoints (step-NNNNNNNN.h5)")
  }

  /// All that `find` chooses from, newest first.
  package static func files(_ path: String) -> [String] {
    guard CheckpointFolder.isFolder(path) else { return [path] }
    return folders(path).flatMap { $0.entries().map(\.path) }
  }

  private static func folders(_ path: String) -> [CheckpointFolder] {
    [CheckpointFolder(path: path), CheckpointFolder(path: path + "/checkpoints")]
  }
}
