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

  /// The newest checkpoint that can be read whole and has finite numbers only; `warn` hears of
  /// every newer one.
  ///
  /// - Throws: `FileError` if there are checkpoints and none of them is such, or if the system does
  ///   not let one be read: it may well be whole.
  package func newestWhole(warn: (String) -> Void) throws -> Checkpoint? {
    try newest(warn: warn).checkpoint
  }

  /// The same, and the steps of newer ones whose numbers are not finite.
  func newest(warn: (String) -> Void) throws -> (checkpoint: Checkpoint?, diverged: Set<Int>) {
    let steps = steps()
    var diverged: Set<Int> = []
    for step in steps {
      do {
        let checkpoint = try Checkpoint.read(file(step: step))
        try checkpoint.requireFinite()
        return (checkpoint, diverged)
      } catch let error as FileError where error.fault == .damaged {
        warn("warning: skipping a damaged checkpoint: \(error)")
      } catch let error as FileError where error.fault == .notFinite {
        diverged.insert(step)
        warn("warning: skipping a checkpoint: \(error)")
      }
    }
    guard let newest = steps.first else { return (nil, []) }
    guard diverged.count < steps.count else {
      throw FileError(
        path: path,
        "all of its \(steps.count) checkpoints hold numbers that are not finite: the run diverged; "
          + "start afresh with another --output and a lower --learning-rate")
    }
    throw FileError(
      path: path,
      "none of its \(steps.count) checkpoints can be read (newest: step \(newest)); "
        + "move the folder away to start afresh")
  }

  /// Renames the checkpoints that are newer than the one a run goes on from, so that they neither
  /// count as the newest nor are lost: `….h5.damaged`, and `….h5.diverged` those in `diverged`.
  func setAside(newerThan step: Int, diverged: Set<Int> = []) {
    for newer in steps() where newer > step {
      let reason = diverged.contains(newer) ? "diverged" : "damaged"
      rename(file(step: newer), "\(file(step: newer)).\(reason)")
    }
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
    let inside = [CheckpointFolder(path: path), CheckpointFolder(path: path + "/checkpoints")]
    for folder in inside {
      let found = try folder.newestWhole(warn: Terminal.warn)
      if let found { return found }
    }
    throw FileError(path: path, "is a folder without checkpoints (step-NNNNNNNN.h5)")
  }
}
