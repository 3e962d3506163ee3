// A labelled set of clips, whatever holds them: a label file of videos or an HDF5 file of clips.

import Foundation

/// A labelled set of clips in two splits. Immutable, and shared by every loading thread.
public final class Dataset: Sendable {
  /// Where the frames of a clip are.
  enum Source: Sendable {
    /// A video; the path to open.
    case video(path: String)
    /// Row `row` of `/clips`.
    case row(Int, of: ClipsFile)
    /// Frames that `prepare` stored.
    case prepared(PreparedClip)
  }

  struct Clip: Sendable {
    let source: Source
    /// The path as written in the label file, or `clips[17]`.
    let name: String
    let label: Int
  }

  /// The label or clips file that was opened.
  public let path: String
  /// The class names; a label is an index into them. Sorted: by value when every label is an
  /// integer, else by text.
  public let classes: [String]
  private let train: [Clip]
  private let val: [Clip]

  /// Opens a label file or an HDF5 file of clips.
  ///
  /// * CSV with the header `path,label,split` (`split`: train or val): paths are relative to the
  ///   file's folder, fields may be quoted.
  /// * Lines `path label` (SlowFast, MMAction2), or a CSV file without `split`: the file is the
  ///   training split, and the file beside it whose name has `val` (or `validation`) in place of
  ///   `train` is the validation split, if it exists: `train.txt` + `val.txt`. Naming the `val`
  ///   file of such a pair opens the same pair.
  /// * HDF5: `/clips` uint8 `[N,T,H,W,3]`, `/labels` int `[N]`, and either `/split` uint8 `[N]`
  ///   (0 train, 1 val) or a pair of files as above.
  /// * A folder that `vared-train prepare` wrote, or its `manifest.json`.
  ///
  /// The videos themselves are not opened here: one that does not decode shows when it is read.
  ///
  /// - Throws: `DatasetError` when a file is missing, a folder, empty or malformed, or when val
  ///   has a class that train (if there is any) has not.
  public static func open(_ path: String) throws -> Dataset {
    if let folder = PreparedSet.folder(of: path) { return try openPrepared(path, folder) }
    try LabelFile.requireFile(path)
    return try ClipsFile.isHDF5(path) ? openClips(path) : openLabels(path)
  }

  /// The number of clips of a split.
  public func count(_ split: Split) -> Int { clips(split).count }
  /// The label of a clip, an index into `classes`.
  public func label(_ split: Split, _ index: Int) -> Int { clips(split)[index].label }
  /// The path of a clip as the label file has it, or `clips[17]` for a row of an HDF5 file.
  public func name(_ split: Split, _ index: Int) -> String { clips(split)[index].name }

  func source(_ split: Split, _ index: Int) -> Source { clips(split)[index].source }

  private func clips(_ split: Split) -> [Clip] { split == .train ? train : val }

  /// One clip before its class has a number.
  private struct Row {
    let source: Source
    let name: String
    let label: String
    let split: Split
    let line: Int?
    let file: String
  }

  private init(path: String, rows: [Row], classes known: [String]? = nil) throws {
    self.path = path
    classes = known ?? Dataset.sortedClasses(rows.map(\.label))
    let indices = Dictionary(uniqueKeysWithValues: zip(classes, classes.indices))
    let integers = classes.allSatisfy { Int($0) != nil }
    func clips(_ split: Split) -> [Clip] {
      rows.filter { $0.split == split }.map {
        let key = integers ? Dataset.canonical($0.label) : $0.label
        return Clip(source: $0.source, name: $0.name, label: indices[key] ?? 0)
      }
    }
    (train, val) = (clips(.train), clips(.val))
    try requireTrained(rows)
  }

  private func requireTrained(_ rows: [Row]) throws {
    let trained = Set(train.map(\.label))
    guard !trained.isEmpty, let index = val.firstIndex(where: { !trained.contains($0.label) })
    else { return }
    let row = rows.filter { $0.split == .val }[index]
    throw DatasetError(
      path: row.file, line: row.line, expected: "every class to have training clips",
      found: "class '\(row.label)' in val only", remedy: "add training clips of it or remove it")
  }

  private static func sortedClasses(_ labels: [String]) -> [String] {
    let unique = Set(labels)
    let numbers = unique.compactMap { Int($0) }
    guard numbers.count == unique.count else { return unique.sorted() }
    return Set(numbers).sorted().map(String.init)
  }

  /// `07` and `7` are one integer label.
  private static func canonical(_ label: String) -> String { Int(label).map(String.init) ?? label }

  private static func openLabels(_ path: String) throws -> Dataset {
    var files = [(try LabelFile(path: path), Split.train)]
    if files[0].0.rows.contains(where: { $0.split == nil }) {
      let sibling = SplitSibling(of: path)
      files[0].1 = sibling.own
      if let other = sibling.other {
        files.append((try LabelFile(path: other), sibling.own == .train ? .val : .train))
      }
    }
    let rows = files.flatMap { file, split in
      let folder = (file.path as NSString).deletingLastPathComponent
      return file.rows.map { row in
        let full =
          row.path.hasPrefix("/")
          ? row.path : (folder as NSString).appendingPathComponent(row.path)
        return Row(
          source: .video(path: full), name: row.path, label: row.label,
          split: row.split ?? split, line: row.line, file: file.path)
      }
    }
    return try Dataset(path: path, rows: rows)
  }

  private static func openPrepared(_ path: String, _ folder: String) throws -> Dataset {
    let set = try PreparedSet(folder: folder)
    let rows = try set.clips().map {
      Row(
        source: .prepared($0.clip), name: $0.path, label: $0.label, split: $0.split,
        line: $0.line, file: set.indexFile)
    }
    return try Dataset(path: path, rows: rows, classes: set.manifest.classes)
  }

  private static func openClips(_ path: String) throws -> Dataset {
    var files = [(try ClipsFile(path: path), Split.train)]
    if files[0].0.splits == nil {
      let sibling = SplitSibling(of: path)
      files[0].1 = sibling.own
      if let other = sibling.other {
        files.append((try ClipsFile(path: other), sibling.own == .train ? .val : .train))
      }
    }
    let rows = files.flatMap { file, split in
      file.labels.indices.map { index in
        Row(
          source: .row(index, of: file), name: "clips[\(index)]",
          label: String(file.labels[index]), split: file.splits?[index] ?? split, line: nil,
          file: file.path)
      }
    }
    return try Dataset(path: path, rows: rows)
  }
}
