// Mini-Kinetics-200: bare lists of YouTube ids, beside the tables of Kinetics that have the labels.

import Foundation

/// A list of ids a line, as Xie et al. (2018) give the train and val parts of Mini-Kinetics-200.
///
/// Labels and times come from Kinetics' CSV files in the same folder, the one above, or a folder
/// in either.
enum IdList {
  /// Reads `file` and that of the other split; nil when it is no list of ids.
  static func read(_ file: TextFile) throws -> AnnotationSet? {
    guard file.lines.prefix(1000).allSatisfy({ isId($0.text) }) else { return nil }
    let tables = try kineticsTables(around: file.path)
    guard !tables.isEmpty else {
      throw DatasetError(
        path: file.path, line: 1, expected: "a label for each video",
        found: "bare YouTube ids and no Kinetics table around them",
        remedy:
          "put Kinetics' CSV files (label,youtube_id,time_start,time_end,split) beside the list")
    }
    let known = Dictionary(grouping: tables, by: { ids($0).last ?? "" })
    var set = AnnotationSet(
      format: "id list with Kinetics CSV", folder: file.path.parentFolder, annotations: [],
      places: .around)
    for (split, path) in SplitSibling(of: file.path).files {
      let list = path == file.path ? file : try TextFile(path: path)
      var unknown: [String] = []
      for line in list.lines {
        let id = line.text.trimmingBlanks
        // The same video may be in Kinetics' train and val tables with other times.
        let rows = known[id] ?? []
        guard var row = rows.first(where: { $0.split == split }) ?? rows.first else {
          unknown.append(id)
          continue
        }
        (row.split, row.file, row.line) = (split, path, line.number)
        set.annotations.append(row)
      }
      if !unknown.isEmpty {
        set.notes.append(
          "\(unknown.count) ids of \(path.lastComponent) are in no Kinetics table and are left out, "
            + "the first \(unknown[0])")
      }
    }
    return set
  }

  private static func ids(_ annotation: Annotation) -> [String] {
    guard case .name(let names, _) = annotation.video else { return [] }
    return names
  }

  private static func isId(_ line: Substring) -> Bool {
    let id = line.trimmingBlanks
    return id.utf8.count == 11
      && id.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
  }

  /// The rows of every labelled Kinetics table around a list.
  private static func kineticsTables(around path: String) throws -> [Annotation] {
    let folder = path.parentFolder.isEmpty ? "." : path.parentFolder
    let above = joinedPath(folder, "..")
    let inner = [folder, above].flatMap { parent in
      ((try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []).sorted()
        .filter { $0.lowercased().contains("kinetics") || $0.lowercased().contains("annotations") }
        .map { joinedPath(parent, $0) }
    }
    for place in [folder] + inner + [above] {
      let names = ((try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []).sorted()
      let rows = try names.filter { $0.fileExtension == "csv" && !$0.hasPrefix(".") }.flatMap {
        name in
        guard let file = try? TextFile(path: joinedPath(place, name)),
          let table = try Kinetics.Table(file)
        else { return [Annotation]() }
        return try table.annotations(SplitSibling(of: name).own).filter { !$0.labels.isEmpty }
      }
      if !rows.isEmpty { return rows }
    }
    return []
  }
}
