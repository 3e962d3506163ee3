// HMDB51: a file `brush_hair_test_split1.txt` for each class and split.

import Foundation

/// `video.avi 1` a line: 1 is train, 2 test, 0 neither; the class is in the file's name. The split
/// is the one of the file that is named, 1 for a folder. Test is what methods are compared on, so
/// it is the validation split.
enum HMDB51 {
  /// Reads all classes of the split `file` belongs to; nil when it has another name.
  static func read(_ file: TextFile) throws -> AnnotationSet? {
    guard let (_, split) = parse(file.path.lastComponent) else { return nil }
    let folder = file.path.parentFolder
    let names =
      (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
    var set = AnnotationSet(
      format: "HMDB51 split \(split)", folder: folder, annotations: [], places: .around,
      testIsVal: true)
    for name in names.sorted() {
      guard let (label, number) = parse(name), number == split, !name.hasPrefix(".") else {
        continue
      }
      let path = joinedPath(folder, name)
      for line in try TextFile(path: path).lines {
        if let found = try annotation(line, label, path) { set.annotations.append(found) }
      }
    }
    return set
  }

  /// The class and split of a file's name.
  private static func parse(_ name: String) -> (label: String, split: Int)? {
    guard name.fileExtension == "txt",
      let range = name.range(of: "_test_split", options: .backwards),
      let split = Int(name[range.upperBound...].dropLast(4))
    else { return nil }
    return (String(name[..<range.lowerBound]), split)
  }

  private static func annotation(
    _ line: (number: Int, text: Substring), _ label: String, _ path: String
  ) throws -> Annotation? {
    let text = line.text.trimmingBlanks
    guard let blank = text.lastIndex(where: \.isWhitespace),
      let use = Int(text[text.index(after: blank)...]), (0...2).contains(use)
    else {
      throw DatasetError(
        path: path, line: line.number, expected: "`video.avi` and 0, 1 (train) or 2 (test)",
        found: "'\(text.prefix(80))'")
    }
    guard use > 0 else { return nil }
    let name = text[..<blank].trimmingBlanks
    return Annotation(
      video: .name([name.isVideoName ? name.stem : name], folder: label), labels: [label],
      split: use == 1 ? .train : .test, file: path, line: line.number)
  }
}
