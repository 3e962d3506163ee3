// What a data set was when a run last started: a digest for each clip, so that a resume can say
// what has changed.

import VARedData
import VARedHDF5

/// A digest of the name and of the labels of every clip, by split.
struct ClipRecord: Equatable {
  /// What changed from one data set to another.
  struct Changes: Equatable {
    var added = 0
    var removed = 0
    /// Of the same split, with other labels.
    var relabelled = 0
    /// To another split, whatever their labels.
    var moved = 0

    var isEmpty: Bool { self == Changes() }

    /// `3 clips added, 1 relabelled`.
    var text: String {
      let counts = [
        (added, "added"), (removed, "removed"), (relabelled, "with another label"),
        (moved, "moved to another split"),
      ].filter { $0.0 > 0 }
      let parts = counts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
      return "clips: " + parts
    }
  }

  private struct Clip: Hashable {
    var name: Int64
    var labels: Int64
    var isTraining: Bool
  }

  private var clips: [Clip]

  /// Of a data set.
  ///
  /// - Complexity: linear in the lengths of all names.
  init(_ dataset: Dataset) {
    let classes = dataset.classes.map { Self.digest($0.utf8) }
    clips = Split.allCases.flatMap { split in
      (0..<dataset.count(split)).map { index in
        let labels = dataset.labels(split, index).map { classes[$0] }.sorted()
        return Clip(
          name: Self.digest(dataset.name(split, index).utf8),
          labels: labels.reduce(1) { Self.mixed($0, UInt64(bitPattern: $1)) },
          isTraining: split == .train)
      }
    }
  }

  /// Reads a record.
  ///
  /// - Throws: `HDF5Error` if it is missing or damaged.
  init(reading path: String) throws {
    let file = try HDF5File.open(path, checkingSeal: true)
    let columns = try ["names", "labels", "training"].map {
      try file.read("/\($0)", as: Int64.self).values
    }
    guard Set(columns.map(\.count)).count == 1 else {
      throw HDF5Error(path: path, message: "has columns of different lengths")
    }
    clips = columns[0].indices.map {
      Clip(name: columns[0][$0], labels: columns[1][$0], isTraining: columns[2][$0] == 1)
    }
  }

  /// Writes the record, whole or not at all.
  ///
  /// - Throws: `FileError`, `HDF5Error`.
  func write(_ path: String) throws {
    let sealed = try SealedFile(path)
    try sealed.file.write("/names", clips.map(\.name), shape: [clips.count])
    try sealed.file.write("/labels", clips.map(\.labels), shape: [clips.count])
    let training = clips.map { Int64($0.isTraining ? 1 : 0) }
    try sealed.file.write("/training", training, shape: [clips.count])
    try AtomicFile.write(path) { try sealed.write(to: $0) }
  }

  /// What is different in `now`; clips are told apart by their names.
  func changes(to now: ClipRecord) -> Changes {
    var left = Dictionary(clips.map { ($0, 1) }, uniquingKeysWith: +)
    // What is the same in both, as often as it is there, has not changed.
    let new = now.clips.filter { clip in
      guard let count = left[clip], count > 0 else { return true }
      left[clip] = count - 1
      return false
    }
    var old: [Int64: [Clip]] = [:]
    for (clip, count) in left where count > 0 {
      old[clip.name, default: []] += [Clip](repeating: clip, count: count)
    }
    var changes = Changes()
    for clip in new {
      guard let before = old[clip.name]?.popLast() else {
        changes.added += 1
        continue
      }
      if before.isTraining == clip.isTraining {
        changes.relabelled += 1
      } else {
        changes.moved += 1
      }
    }
    changes.removed = old.values.reduce(0) { $0 + $1.count }
    return changes
  }

  private static func digest(_ text: String.UTF8View) -> Int64 {
    text.reduce(0) { mixed($0, UInt64($1)) }
  }

  private static func mixed(_ digest: Int64, _ value: UInt64) -> Int64 {
    var random = SplitMix64(mixing: UInt64(bitPattern: digest), value)
    return Int64(bitPattern: random.next())
  }
}
