// An HDF5 file of clips that were decoded before: `/clips`, `/labels` and perhaps `/split`.

import Foundation
import VARedHDF5

/// Clips uint8 `[N, T, H, W, 3]` in an HDF5 file, read one at a time.
final class ClipsFile: Sendable {
  let path: String
  let frames: Int
  let height: Int
  let width: Int
  let labels: [Int64]
  /// nil in a file without `/split`.
  let splits: [Split]?
  private let file: HDF5File

  /// Bytes of a clip: what one reading thread may hold.
  private static let largestClip = Double(1 << 31)

  /// Whether `path` has HDF5's signature, at its beginning or behind a user block of 512 bytes,
  /// 1024 and so on.
  static func isHDF5(_ path: String) throws -> Bool {
    guard let handle = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? handle.close() }
    for place in [0] + (9...20).map({ UInt64(1) << $0 }) {
      try handle.seek(toOffset: place)
      guard let signature = try handle.read(upToCount: 8), signature.count == 8 else { break }
      if signature == Data([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) { return true }
    }
    return false
  }

  /// Opens `path` and reads its labels and splits.
  ///
  /// - Throws: `DatasetError` when a dataset is missing or has another shape or type.
  init(path: String) throws {
    self.path = path
    do {
      file = try HDF5File.open(path)
      for name in ["/clips", "/labels"] where !file.exists(name) {
        throw ClipsFile.wrong(path, "no \(name)")
      }
      let shape = try file.shape("/clips")
      guard shape.count == 5, shape[4] == 3, shape.allSatisfy({ $0 > 0 }) else {
        throw ClipsFile.wrong(path, "/clips of shape \(shape)")
      }
      for name in ["/clips", "/labels", "/split"] where file.exists(name) {
        guard let filter = try file.missingFilter(name) else { continue }
        throw DatasetError(
          path: path, expected: "\(name) without compression, or with gzip",
          found: "the filter \(filter), which this HDF5 does not have",
          remedy: "write it with compression=\"gzip\" or none")
      }
      guard try file.holdsBytes("/clips") else {
        throw ClipsFile.wrong(
          path, "/clips of another element type; scale pictures to 0 … 255 first")
      }
      let bytes = shape[1...].reduce(1.0) { $0 * Double($1) }
      guard shape[0] <= Int(Int32.max), bytes <= ClipsFile.largestClip else {
        throw ClipsFile.wrong(path, "/clips of shape \(shape), more than a clip can be")
      }
      guard try file.shape("/labels") == [shape[0]] else {
        let found = try file.shape("/labels").map(String.init).joined(separator: "×")
        throw ClipsFile.wrong(path, "\(found) labels for \(shape[0]) clips")
      }
      for name in ["/labels", "/split"] where file.exists(name) {
        guard try file.holdsIntegers(name) else {
          throw ClipsFile.wrong(path, "\(name) of floats")
        }
      }
      (frames, height, width) = (shape[1], shape[2], shape[3])
      labels = try file.read("/labels", as: Int64.self).values
      // libhdf5 makes the greatest number of what is greater.
      guard try !file.holdsUnsigned("/labels", bytes: 8) || !labels.contains(.max) else {
        throw ClipsFile.wrong(path, "/labels above 2⁶³ − 2")
      }
      guard file.exists("/split") else {
        splits = nil
        return
      }
      let numbers = try file.read("/split", as: Int64.self).values
      guard numbers.count == shape[0], numbers.allSatisfy({ (0...1).contains($0) }) else {
        throw ClipsFile.wrong(path, "a /split that is not 0 (train) or 1 (val) for each clip")
      }
      splits = numbers.map { $0 == 0 ? .train : .val }
    } catch let error as HDF5Error {
      throw ClipsFile.wrong(path, error.message)
    }
  }

  /// Reads clip `row` into `bytes`, room for T·H·W·3.
  ///
  /// - Throws: `DatasetError` when HDF5 cannot read it.
  func read(_ row: Int, into bytes: UnsafeMutableBufferPointer<UInt8>) throws {
    do {
      try file.readRows("/clips", row..<row + 1, into: bytes)
    } catch let error as HDF5Error {
      throw refusedVideo(path, "\(error)")
    }
  }

  /// Opens a file of clips as a data set, with that of the other split beside it where it has no
  /// `/split`.
  ///
  /// - Throws: `DatasetError`.
  static func openDataset(_ path: String) throws -> Dataset {
    var files = [(file: try ClipsFile(path: path), split: Split.train)]
    if files[0].file.splits == nil {
      let family = SplitSibling(of: path)
      files = try family.files.filter { $0.split != .test }.map { split, file in
        (file == path ? files[0].file : try ClipsFile(path: file), split == .val ? .val : .train)
      }
    }
    return try dataset(path, files)
  }

  private static func dataset(
    _ path: String, _ files: [(file: ClipsFile, split: Split)]
  ) throws -> Dataset {
    let rows = files.flatMap { file, split in
      file.labels.indices.map { (file: file, row: $0, split: file.splits?[$0] ?? split) }
    }
    let trained = Set(rows.filter { $0.split == .train }.map { $0.file.labels[$0.row] })
    let used = trained.isEmpty ? Set(rows.map { $0.file.labels[$0.row] }) : trained
    let classes = used.sorted()
    let places = Dictionary(uniqueKeysWithValues: zip(classes, classes.indices))
    var clips: [Split: [Dataset.Clip]] = [:]
    for (file, row, split) in rows {
      guard let label = places[file.labels[row]] else {
        throw DatasetError(
          path: file.path, expected: "every class to have training clips",
          found: "class '\(file.labels[row])' in val only",
          remedy: "add training clips of it or remove it")
      }
      clips[split, default: []].append(
        Dataset.Clip(source: .row(row, of: file), name: "clips[\(row)]", labels: [label]))
    }
    var notes: [String] = []
    if clips[.val] == nil {
      notes.append(DatasetNotes.noValidationClips)
    }
    return Dataset(
      path: path, classes: classes.map(String.init), isMultiLabel: false,
      summary: DatasetSummary(
        format: "HDF5 clips", listed: clips.mapValues(\.count), missing: [], notes: notes),
      train: clips[.train] ?? [], val: clips[.val] ?? [])
  }

  private static func wrong(_ path: String, _ found: String) -> DatasetError {
    DatasetError(
      path: path, expected: "HDF5 clips: /clips uint8 [N,T,H,W,3], /labels int [N]", found: found)
  }
}
