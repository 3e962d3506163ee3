// UCF101: trainlist01.txt, testlist01.txt and classInd.txt.

import Foundation

/// `ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1` a line in `trainlist`, the path alone in
/// `testlist`; the number of the split is that of the file that is named. Test is what methods are
/// compared on, so it is the validation split.
enum UCF101 {
  /// Reads the split `file` belongs to; nil when it has another name.
  static func read(_ file: TextFile) throws -> AnnotationSet? {
    let stem = file.path.stem.lowercased()
    guard let prefix = ["trainlist", "testlist"].first(where: stem.hasPrefix),
      Int(stem.dropFirst(prefix.count)) != nil
    else { return nil }
    let folder = file.path.parentFolder
    let number = file.path.stem.dropFirst(prefix.count)
    var set = AnnotationSet(
      format: "UCF101 split \(Int(number) ?? 1)", folder: folder, annotations: [], places: .around,
      testIsVal: true)
    for (name, split) in [("trainlist", SplitWord.train), ("testlist", .test)] {
      let path = joinedPath(folder, name + number + ".txt")
      guard path == file.path || FileManager.default.fileExists(atPath: path) else { continue }
      let part = path == file.path ? file : try TextFile(path: path)
      set.annotations += try part.lines.map { try annotation($0, split, path) }
    }
    let index = joinedPath(folder, "classInd.txt")
    if FileManager.default.fileExists(atPath: index) { set.index = try LabelIndex(path: index) }
    return set
  }

  private static func annotation(
    _ line: (number: Int, text: Substring), _ split: SplitWord, _ path: String
  ) throws -> Annotation {
    let text = line.text.trimmingBlanks
    let end = text.lastIndex(where: \.isWhitespace)
    let number = end.map { text[text.index(after: $0)...] }
    let isNumbered = number.flatMap { Int($0) } != nil
    let name = isNumbered ? text[..<(end ?? text.endIndex)].trimmingBlanks : text
    guard let folder = name.split(separator: "/").dropLast().last else {
      throw DatasetError(
        path: path, line: line.number, expected: "`class/video.avi number`",
        found: "'\(text.prefix(80))'")
    }
    // The folder is the class; the number says the same.
    return Annotation(
      video: .path(name), labels: [String(folder)], split: split, file: path, line: line.number)
  }
}
