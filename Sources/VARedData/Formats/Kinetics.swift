// Kinetics-400, -600 and -700: label,youtube_id,time_start,time_end,split, with or without is_cc.

/// The CSV files of Kinetics, one a split or one for all.
///
/// A clip's file is looked for below the folder of the videos under the names that downloaders
/// give it: `<id>_<start>_<end>` with six digits each (or as they stand in the table), or `<id>`.
enum Kinetics {
  /// Reads `file` and the files of the other splits beside it; nil when it is none of Kinetics'.
  static func read(_ file: TextFile) throws -> AnnotationSet? {
    guard let table = try Table(file) else { return nil }
    var tables = [(split: SplitWord?.none, table: table)]
    if Set(table.splits).count <= 1 {
      tables = try SplitSibling(of: file.path).files.compactMap { split, path in
        let part = path == file.path ? table : try Table(TextFile(path: path))
        return part.map { (split, $0) }
      }
    }
    return AnnotationSet(
      format: "Kinetics CSV", folder: file.path.parentFolder,
      annotations: try tables.flatMap { try $0.table.annotations($0.split) }, places: .around)
  }

  /// One CSV file of Kinetics.
  struct Table {
    private let table: CSVTable
    private let id: Int
    private let label: Int?
    private let start: Int?
    private let end: Int?
    private let split: Int?

    init?(_ file: TextFile) throws {
      let names: Set = ["youtube_id", "ytid"]
      guard let delimiter = CSVTable.delimiter(ofHeader: file.firstLine, with: names) else {
        return nil
      }
      table = try CSVTable(file, delimiter: delimiter)
      let header = table.rows.first?.fields.map { $0.lowercased() } ?? []
      guard let id = header.firstIndex(where: { names.contains($0) }) else { return nil }
      self.id = id
      label = header.firstIndex(of: "label") ?? header.firstIndex(of: "class")
      start = header.firstIndex(of: "time_start") ?? header.firstIndex(of: "start")
      end = header.firstIndex(of: "time_end") ?? header.firstIndex(of: "end")
      split = header.firstIndex(of: "split")
    }

    /// The split of every row that says one.
    var splits: [SplitWord] {
      guard let split else { return [] }
      return table.rows.dropFirst().compactMap { row in
        split < row.fields.count ? SplitWord(row.fields[split]) : nil
      }
    }

    /// - Parameter other: of a row that does not say its split.
    func annotations(_ other: SplitWord?) throws -> [Annotation] {
      try table.rows.dropFirst().map { row in
        func field(_ column: Int?) -> String? {
          column.flatMap { $0 < row.fields.count ? row.fields[$0] : nil }
        }
        guard let id = field(id), !id.isEmpty else {
          throw DatasetError(
            path: table.path, line: row.line, expected: "a youtube_id", found: "none")
        }
        let label = field(label).flatMap { $0.isEmpty ? nil : $0 }
        return try AnnotationReading.checked(
          Annotation(
            video: .name(Kinetics.names(id, field(start), field(end)), folder: label),
            labels: label.map { [$0] } ?? [],
            split: try AnnotationReading.split(field(split), file: table.path, line: row.line)
              ?? other ?? .train,
            file: table.path, line: row.line))
      }
    }
  }

  /// What the file of a clip may be called.
  static func names(_ id: String, _ start: String?, _ end: String?) -> [String] {
    guard let start, let end, let first = Double(start), let last = Double(end),
      (0..<1e6).contains(first), (0..<1e6).contains(last)
    else { return [id] }
    func digits(_ seconds: Double) -> String {
      let text = String(Int(seconds))
      return String(repeating: "0", count: 6 - text.count) + text
    }
    let (a, b) = (String(Int(first)), String(Int(last)))
    return [
      "\(id)_\(digits(first))_\(digits(last))", "\(id)_\(a)_\(b)", "\(id)_\(start)_\(end)", id,
    ]
  }
}
