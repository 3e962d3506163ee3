// CSV with a header: path,label,split, and the same under the names that others give the columns.

/// A table with a header that names a column of videos and one of labels.
///
/// `path,label,split` in any order, separated by commas, semicolons or tabs; `split` may be
/// missing, more columns are ignored. Also Hugging Face's `file_name,label`, the `clip_path` and
/// `clip_name` of UCF101's CSV files, and a column `labels` with several labels in a cell.
enum LabelTable {
  static let videoColumns = [
    "path", "video_path", "clip_path", "file_name", "filename", "filepath", "file_path", "file",
    "video", "video_name", "clip_name", "clip", "name", "video_id",
  ]
  static let labelColumns = [
    "label", "class", "class_name", "category", "action", "activity", "labels", "target",
    "class_id", "label_id",
  ]
  private static let splitColumns = ["split", "subset", "set", "partition"]

  /// Reads `path` and the files of the other splits beside it; nil when it has no such header.
  static func read(_ file: TextFile) throws -> AnnotationSet? {
    guard let delimiter = delimiter(file) else { return nil }
    let table = try CSVTable(file, delimiter: delimiter)
    guard let header = Header(table) else { return nil }
    var set = AnnotationSet(
      format: header.split == nil ? "CSV path,label" : "CSV path,label,split",
      folder: file.path.parentFolder, annotations: [])
    let own = try annotations(table, header, nil)
    if header.split != nil, Set(own.map(\.split)).count > 1 {
      set.annotations = own
    } else {
      for (split, path) in SplitSibling(of: file.path).files {
        let part =
          path == file.path ? table : try CSVTable(TextFile(path: path), delimiter: delimiter)
        if let header = Header(part) {
          set.annotations += try annotations(part, header, split)
        } else if split == .test {
          set.notes.append("\(path.lastComponent) has no labels and is left out")
        } else {
          throw DatasetError(
            path: path, line: 1, expected: "the header of \(file.path.lastComponent)",
            found: "another one", remedy: "give both files the same columns")
        }
      }
    }
    set.isMultiLabel = header.holdsSeveralLabels
    if header.split == nil { takeSplitsFromFolders(&set) }
    return set
  }

  /// One table over folders `train/…`, `test/…`: the folder is the split.
  private static func takeSplitsFromFolders(_ set: inout AnnotationSet) {
    let words = set.annotations.map { annotation in
      annotation.name.contains("/") ? SplitWord(String(annotation.name.prefix { $0 != "/" })) : nil
    }
    guard Set(set.annotations.map(\.split)) == [.train], Set(words).count > 1,
      !words.contains(nil)
    else { return }
    for (place, word) in words.enumerated() { set.annotations[place].split = word ?? .train }
  }

  private static func delimiter(_ file: TextFile) -> Character? {
    CSVTable.delimiter(ofHeader: file.firstLine, with: Set(videoColumns))
  }

  /// Where the columns are.
  private struct Header {
    let fields: [String]
    let video: Int
    let label: Int
    let split: Int?

    init?(_ table: CSVTable) {
      guard let first = table.rows.first else { return nil }
      fields = first.fields.map { $0.lowercased() }
      let names = fields
      func column(_ known: [String]) -> Int? {
        known.lazy.compactMap { names.firstIndex(of: $0) }.first
      }
      guard let video = column(videoColumns), let label = column(labelColumns) else { return nil }
      (self.video, self.label, split) = (video, label, column(splitColumns))
    }

    var holdsSeveralLabels: Bool { fields[label] == "labels" }
  }

  /// - Parameter split: of rows that do not say it themselves; nil: train.
  private static func annotations(
    _ table: CSVTable, _ header: Header, _ split: SplitWord?
  ) throws -> [Annotation] {
    guard table.rows.count > 1 else { throw AnnotationReading.empty(table.path) }
    return try table.rows.dropFirst().map { row in
      guard row.fields.count == header.fields.count else {
        throw DatasetError(
          path: table.path, line: row.line,
          expected: "\(header.fields.count) fields as in the header",
          found: "\(row.fields.count)", remedy: "put a path that holds a separator in double quotes"
        )
      }
      let said = header.split.map { row.fields[$0] }
      let part = try AnnotationReading.split(said, file: table.path, line: row.line) ?? split
      let (name, cell) = (row.fields[header.video], row.fields[header.label])
      let labels = header.holdsSeveralLabels ? severalLabels(cell) : cell.isEmpty ? [] : [cell]
      let isId = name.fileExtension.isEmpty && header.fields[header.video] == "video_id"
      let annotation = Annotation(
        video: isId ? .name([name], folder: nil) : .path(name), labels: labels,
        split: part ?? .train, file: table.path, line: row.line)
      return try AnnotationReading.checked(
        annotation, mayBeEmpty: header.holdsSeveralLabels)
    }
  }

  /// The labels of one cell: `1 4 9`, `a|b`, `a;b`, `a,b`, `[1, 4]`.
  private static func severalLabels(_ cell: String) -> [String] {
    let inner = cell.hasPrefix("[") && cell.hasSuffix("]") ? cell.dropFirst().dropLast() : cell[...]
    let separator = ["|", ";", ","].first { inner.contains($0) }
    let parts =
      separator.map { separator in inner.split { String($0) == separator } }
      ?? (inner.allSatisfy { $0.isNumber || $0 == " " } ? inner.split(separator: " ") : [inner])
    return parts.map { $0.filter { $0 != "'" && $0 != "\"" }.trimmingBlanks }.filter { !$0.isEmpty }
  }
}
