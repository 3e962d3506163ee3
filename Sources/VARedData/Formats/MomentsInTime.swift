// Moments in Time and Multi-Moments: trainingSet.csv, validationSet.csv, moments_categories.txt.

import Foundation

/// `clapping/video.mp4,clapping,3,0` a line, without a header, videos under `training/` and
/// `validation/`; Multi-Moments has `clapping/video.mp4,11,207`, the numbers of several classes.
enum MomentsInTime {
  private static let names = ["trainingset": SplitWord.train, "validationset": .val]

  /// Reads `file` and the one of the other split; nil when it is not one of the two.
  static func read(_ file: TextFile) throws -> AnnotationSet? {
    guard names[file.path.stem.lowercased()] != nil else { return nil }
    let folder = file.path.parentFolder
    var set = AnnotationSet(
      format: "Moments in Time", folder: folder, annotations: [], places: .around)
    let categories = joinedPath(folder, "moments_categories.txt")
    if FileManager.default.fileExists(atPath: categories) {
      set.index = try LabelIndex(path: categories)
    }
    for name in try siblings(file.path) {
      let path = joinedPath(folder, name)
      let table = try CSVTable(
        path == file.path ? file : TextFile(path: path), delimiter: ",")
      let split = names[name.stem.lowercased()] ?? .train
      set.annotations += try table.rows.map { try annotation($0, split, path) }
    }
    set.isMultiLabel = set.annotations.contains { $0.labels.count > 1 }
    return set
  }

  private static func siblings(_ path: String) throws -> [String] {
    let folder = path.parentFolder.isEmpty ? "." : path.parentFolder
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [path.lastComponent])
      .filter { names[$0.stem.lowercased()] != nil && $0.fileExtension == path.fileExtension }
      .sorted()
  }

  private static func annotation(
    _ row: CSVTable.Row, _ split: SplitWord, _ path: String
  ) throws -> Annotation {
    let rest = row.fields.dropFirst()
    let isNumbers = rest.allSatisfy { Int($0) != nil }
    return try AnnotationReading.checked(
      Annotation(
        video: .path(row.fields[0]),
        labels: isNumbers ? Array(rest) : rest.first.map { [$0] } ?? [],
        split: split, file: path, line: row.line))
  }
}
