// Jester: jester-v1-train.csv with `id;label`, and the folders of frames or videos of those ids.

import Foundation

/// `34870;Drumming Fingers` a line, without a header; the test file has ids only.
enum Jester {
  /// Reads `file` and those of the other splits; nil when its lines are not of this form.
  static func read(_ file: TextFile) throws -> AnnotationSet? {
    let isNamed = file.path.lastComponent.lowercased().hasPrefix("jester")
    let lines = file.lines
    guard lines.prefix(1000).allSatisfy({ isLine($0.text, isNamed) }) else { return nil }
    var set = AnnotationSet(
      format: "Jester", folder: file.path.parentFolder, annotations: [], places: .around)
    for (split, path) in SplitSibling(of: file.path).files {
      let part = path == file.path ? file : try TextFile(path: path)
      set.annotations += try CSVTable(part, delimiter: ";").rows.map { row in
        try AnnotationReading.checked(
          Annotation(
            video: .name([row.fields[0]], folder: nil),
            labels: Array(row.fields.dropFirst().prefix(1)),
            split: split, file: path, line: row.line))
      }
    }
    set.index = try index(beside: file.path)
    return set
  }

  private static func isLine(_ line: Substring, _ isNamed: Bool) -> Bool {
    let fields = line.split(separator: ";", omittingEmptySubsequences: false)
    guard let id = fields.first, !id.isEmpty, id.allSatisfy(\.isNumber) else { return false }
    return fields.count == 2 || isNamed && fields.count == 1
  }

  private static func index(beside path: String) throws -> LabelIndex? {
    let folder = path.parentFolder.isEmpty ? "." : path.parentFolder
    let name = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
      .first { $0.lowercased().hasPrefix("jester") && $0.stem.lowercased().hasSuffix("labels") }
    return try name.map { try LabelIndex(path: joinedPath(folder, $0)) }
  }
}
