// Charades: several actions a video, each with its times; videos without any.

import Foundation

/// `Charades_v1_train.csv` and `_test.csv` with the columns `id` and `actions`
/// (`c092 11.90 21.20;c147 0.00 12.60`), and `Charades_v1_classes.txt`. Test is the validation
/// split.
enum Charades {
  /// Reads `file` and that of the other split; nil when it has other columns.
  static func read(_ file: TextFile) throws -> AnnotationSet? {
    guard CSVTable.delimiter(ofHeader: file.firstLine, with: ["actions"]) == ",",
      try columns(CSVTable(file, delimiter: ",")) != nil
    else { return nil }
    let folder = file.path.parentFolder
    var set = AnnotationSet(
      format: "Charades", folder: folder, annotations: [], places: .around, isMultiLabel: true,
      testIsVal: true)
    for (split, path) in SplitSibling(of: file.path).files {
      let table = try CSVTable(path == file.path ? file : TextFile(path: path), delimiter: ",")
      guard let columns = columns(table) else { continue }
      set.annotations += try table.rows.dropFirst().map { try annotation($0, columns, split, path) }
    }
    let names =
      (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
    if let name = names.sorted().first(where: {
      $0.lowercased().hasSuffix("_classes.txt") && $0.lowercased().hasPrefix("charades")
    }) {
      set.index = try LabelIndex(path: joinedPath(folder, name))
    }
    return set
  }

  private static func columns(_ table: CSVTable) -> (id: Int, actions: Int)? {
    guard let header = table.rows.first?.fields.map({ $0.lowercased() }),
      let id = header.firstIndex(of: "id"), let actions = header.firstIndex(of: "actions")
    else { return nil }
    return (id, actions)
  }

  private static func annotation(
    _ row: CSVTable.Row, _ columns: (id: Int, actions: Int), _ split: SplitWord, _ path: String
  ) throws -> Annotation {
    guard row.fields.count > max(columns.id, columns.actions) else {
      throw DatasetError(
        path: path, line: row.line, expected: "the fields of the header",
        found: "\(row.fields.count) fields", remedy: "quote fields that hold commas")
    }
    let spans = try row.fields[columns.actions].split(separator: ";").map { action in
      let words = action.split(separator: " ")
      guard words.count == 3, let start = Double(words[1]), let end = Double(words[2]),
        start.isFinite,
        end.isFinite
      else {
        throw DatasetError(
          path: path, line: row.line, expected: "actions `c092 11.90 21.20;…`",
          found: "'\(action.prefix(80))'")
      }
      return LabelSpan(label: String(words[0]), seconds: min(start, end)...max(start, end))
    }
    var seen: Set<String> = []
    let annotation = Annotation(
      video: .name([row.fields[columns.id]], folder: nil),
      labels: spans.map(\.label).filter { seen.insert($0).inserted }, spans: spans, split: split,
      file: path, line: row.line)
    return try AnnotationReading.checked(annotation, mayBeEmpty: true)
  }
}
