// A folder that `prepare` wrote, as a dataset sees it: its manifest and its index of clips.

import Foundation

/// Where the frames of a prepared clip are.
struct PreparedClip: Sendable {
  let set: PreparedSet
  let shard: Int
  /// The clip's place in the shard.
  let row: Int
  /// CRC-32 of the clip's frames, as the index has it.
  let checksum: UInt32
}

/// A complete prepared folder.
final class PreparedSet: Sendable {
  let folder: String
  let manifest: PreparedManifest

  /// The folder that `path` names: itself, or by its manifest or index; nil for anything else.
  static func folder(of path: String) -> String? {
    let name = (path as NSString).lastPathComponent
    let folder =
      [PreparedManifest.fileName, indexName].contains(name)
      ? (path as NSString).deletingLastPathComponent : path
    return PreparedManifest.isIn(folder: folder) ? folder : nil
  }

  /// The file name of the list of clips.
  static let indexName = "index.csv"
  /// The columns of the list of clips.
  static let indexColumns = [
    "path", "label", "split", "frames", "fps", "duration", "shard", "row", "checksum", "bytes",
  ]

  /// The file name of a shard.
  static func shardName(_ number: Int) -> String {
    let digits = String(number)
    return "shard-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + ".h5"
  }

  var indexFile: String { (folder as NSString).appendingPathComponent(PreparedSet.indexName) }

  func shardPath(_ number: Int) -> String {
    (folder as NSString).appendingPathComponent(PreparedSet.shardName(number))
  }

  /// Opens a folder that has a manifest.
  ///
  /// - Throws: `DatasetError` where it is not complete or a shard is missing.
  init(folder: String) throws {
    guard let manifest = try PreparedManifest.read(folder: folder) else {
      throw DatasetError(path: folder, expected: "a prepared set", found: "no manifest.json")
    }
    self.folder = folder
    self.manifest = manifest
    guard manifest.isComplete else {
      throw DatasetError(
        path: folder, expected: "a prepared set that is complete", found: "one that is not",
        remedy: "run the same prepare command again: it goes on where it was stopped")
    }
    let missing = (0..<manifest.shards).filter { access(shardPath($0), F_OK) != 0 }
    if let first = missing.first {
      let others = missing.count > 1 ? " and \(missing.count - 1) others missing" : " missing"
      throw DatasetError(
        path: folder, expected: "\(manifest.shards) shards",
        found: PreparedSet.shardName(first) + others,
        remedy: "copy it here, or run the same prepare command again")
    }
  }

  /// A line of the index.
  struct IndexedClip {
    let path: String
    let label: String
    let split: Split
    let clip: PreparedClip
    let line: Int
  }

  /// Reads the index.
  ///
  /// - Throws: `DatasetError` where it is missing or is not the one that was written.
  func clips() throws -> [IndexedClip] {
    let rows = try CSVTable(TextFile(path: indexFile), delimiter: ",").rows
    guard rows.first?.fields == PreparedSet.indexColumns else { throw wrong(1, "another header") }
    let classes = Set(manifest.classes)
    let clips = try rows.dropFirst().map { try clip($0.fields, line: $0.line, classes) }
    let expected = (manifest.counts?.train ?? 0) + (manifest.counts?.val ?? 0)
    guard clips.count == expected else {
      throw wrong(nil, "\(clips.count) clips of \(expected)")
    }
    return clips
  }

  private func clip(_ fields: [String], line: Int, _ classes: Set<String>) throws -> IndexedClip {
    guard fields.count == PreparedSet.indexColumns.count,
      let split = Split(rawValue: fields[2]), let shard = Int(fields[6]), let row = Int(fields[7]),
      let checksum = UInt32(fields[8]), (0..<manifest.shards).contains(shard), row >= 0
    else { throw wrong(line, "'\(fields.joined(separator: ",").prefix(80))'") }
    guard classes.contains(fields[1]) else {
      throw wrong(line, "the class '\(fields[1].prefix(80))', which manifest.json has not")
    }
    return IndexedClip(
      path: fields[0], label: fields[1], split: split,
      clip: PreparedClip(set: self, shard: shard, row: row, checksum: checksum), line: line)
  }

  private func wrong(_ line: Int?, _ found: String) -> DatasetError {
    DatasetError(
      path: indexFile, line: line, expected: "the index that prepare wrote", found: found,
      remedy: "copy it here again, or delete it and run the same prepare command again")
  }

  /// The set as a dataset that was opened by `path`.
  ///
  /// - Throws: `DatasetError`, as ``clips()``.
  func dataset(_ path: String) throws -> Dataset {
    let places = Dictionary(uniqueKeysWithValues: zip(manifest.classes, manifest.classes.indices))
    var clips: [Split: [Dataset.Clip]] = [:]
    for indexed in try self.clips() {
      clips[indexed.split, default: []].append(
        Dataset.Clip(
          source: .prepared(indexed.clip), name: indexed.path,
          labels: [places[indexed.label] ?? 0]))
    }
    var notes: [String] = []
    if clips[.val] == nil { notes.append(DatasetNotes.noValidationClips) }
    if let bad = manifest.counts?.bad, bad > 0 {
      notes.append("\(bad) videos of the list do not decode and were left out (bad-clips.csv)")
    }
    return Dataset(
      path: path, classes: manifest.classes, isMultiLabel: false,
      summary: DatasetSummary(
        format: "prepared set", listed: clips.mapValues(\.count), missing: [], notes: notes),
      train: clips[.train] ?? [], val: clips[.val] ?? [])
  }
}
