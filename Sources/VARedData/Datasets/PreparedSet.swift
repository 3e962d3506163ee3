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
  /// Seconds of a unit of the frames' times; 0: not known.
  let timeUnit: Double
}

/// A complete prepared folder.
final class PreparedSet: Sendable {
  let folder: String
  let manifest: PreparedManifest

  /// The file name of the list of clips.
  static let indexName = "index.csv"
  /// The file name of a shard.
  static func shardName(_ number: Int) -> String {
    let digits = String(number)
    return "shard-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + ".h5"
  }

  var indexFile: String { (folder as NSString).appendingPathComponent(PreparedSet.indexName) }

  func shardPath(_ number: Int) -> String {
    (folder as NSString).appendingPathComponent(PreparedSet.shardName(number))
  }

  /// Whether a set has a file of this name, which reading it reads.
  static func isPart(_ name: String) -> Bool {
    [PreparedManifest.fileName, indexName].contains(name)
      || name.hasPrefix("shard-") && name.hasSuffix(".h5")
  }

  /// Opens the folder that `path` names, itself or by its manifest or index.
  ///
  /// - Returns: nil where that is no prepared set.
  /// - Throws: `DatasetError` where it is not complete or a shard is missing.
  static func open(_ path: String) throws -> PreparedSet? {
    let name = (path as NSString).lastPathComponent
    let folder =
      [PreparedManifest.fileName, indexName].contains(name)
      ? PathParts.folder(of: path) : path
    return try PreparedManifest.readIfOwn(folder: folder).map {
      try PreparedSet(folder: folder, manifest: $0)
    }
  }

  private init(folder: String, manifest: PreparedManifest) throws {
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

  /// Reads the index.
  ///
  /// - Throws: `DatasetError` where it is missing or is not the one that was written.
  private func lines() throws -> [PreparedIndexLine] {
    let rows = try CSVTable(TextFile(path: indexFile), delimiter: ",").rows
    let reader = PreparedIndexReader(manifest)
    guard rows.first?.fields == reader.columns else { throw wrong(1, "another header") }
    let lines = try rows.dropFirst().map { row in
      do {
        return try reader.line(row.fields)
      } catch let error as PreparedIndexReader.Unreadable {
        throw wrong(row.line, error.found)
      }
    }
    let expected = (manifest.counts?.train ?? 0) + (manifest.counts?.val ?? 0)
    guard lines.count == expected else {
      throw wrong(nil, "\(lines.count) clips of \(expected)")
    }
    return lines
  }

  private func wrong(_ line: Int?, _ found: String) -> DatasetError {
    DatasetError(
      path: indexFile, line: line, expected: "the index that prepare wrote", found: found,
      remedy: "copy it here again, or delete it and run the same prepare command again")
  }

  /// The set as a dataset that was opened by `path`.
  ///
  /// - Throws: `DatasetError` where the index is not the one that was written.
  func dataset(_ path: String) throws -> Dataset {
    var clips: [Split: [Dataset.Clip]] = [:]
    for line in try lines() {
      let clip = PreparedClip(
        set: self, shard: line.shard, row: line.row, checksum: line.checksum,
        timeUnit: line.timeUnit)
      clips[line.split, default: []].append(
        Dataset.Clip(
          source: .prepared(clip), name: line.path, labels: line.labels,
          spans: line.spans.map { (label: $0.label, seconds: $0.seconds) }))
    }
    var notes: [String] = []
    if clips[.val] == nil { notes.append(DatasetNotes.noValidationClips) }
    if let bad = manifest.counts?.bad, bad > 0 {
      notes.append("\(bad) clips of the list do not decode and were left out (bad-clips.csv)")
    }
    return Dataset(
      path: path, classes: manifest.classes, isMultiLabel: manifest.isMultiLabel,
      summary: DatasetSummary(
        format: "prepared set", listed: clips.mapValues(\.count), missing: [], notes: notes,
        preparedShortSide: manifest.options.shortSide > 0 ? manifest.options.shortSide : nil),
      train: clips[.train] ?? [], val: clips[.val] ?? [])
  }
}
