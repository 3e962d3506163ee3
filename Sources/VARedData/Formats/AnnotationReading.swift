// From a path a person gave to annotations: the formats, in the order in which they are tried.

import Foundation

/// Reads annotations of any known format, told apart by their content.
enum AnnotationReading {
  /// Reads the annotations at `path`: a file, or a folder that holds them or is a folder per class.
  ///
  /// - Throws: `DatasetError` for what is missing, malformed, or of a form that is not read.
  static func read(_ path: String) throws -> AnnotationSet {
    try isFile(path) ? readFile(path) : readFolder(path)
  }

  /// Whether `path` is a file, and not a folder.
  ///
  /// - Throws: `DatasetError` when it is neither.
  static func isFile(_ path: String) throws -> Bool {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      return false
    }
    try TextFile.requireRegular(path)
    return true
  }

  private static func readFile(_ path: String) throws -> AnnotationSet {
    let file = try TextFile(path: path)
    guard !file.firstLine.isEmpty else { throw empty(path) }
    let readers: [(TextFile) throws -> AnnotationSet?] = [
      JSONAnnotations.read, Charades.read, Kinetics.read, LabelTable.read, UCF101.read,
      HMDB51.read, MomentsInTime.read, Jester.read, IdList.read, UnreadForms.refuse,
      VideoList.read,
    ]
    for read in readers {
      if let set = try read(file) {
        guard !set.annotations.isEmpty else { throw empty(path) }
        return set
      }
    }
    throw UnreadForms.unknown(file)
  }

  private static func readFolder(_ path: String) throws -> AnnotationSet {
    if let file = FolderContents.annotationFile(in: path) { return try readFile(file) }
    guard let set = try ClassFolders.read(path) else {
      throw DatasetError(
        path: path, expected: "a list of videos, or a folder of videos for each class",
        found: "a folder with neither",
        remedy: "name a file with the header path,label,split, such as "
          + joinedPath(path, "labels.csv"))
    }
    return set
  }

  /// The refusal of a file without a clip.
  static func empty(_ path: String) -> DatasetError {
    DatasetError(
      path: path, expected: "a label file with at least one clip", found: "none",
      remedy: "each line names a video and its label")
  }

  /// The split that a field says; nil for an empty one.
  ///
  /// - Throws: `DatasetError` for another word.
  static func split(_ word: String?, file: String, line: Int?) throws -> SplitWord? {
    guard let word, !word.trimmingBlanks.isEmpty else { return nil }
    guard let split = SplitWord(word) else {
      throw DatasetError(
        path: file, line: line, expected: "a split train, val or test",
        found: "'\(word.prefix(80))'")
    }
    return split
  }

  /// Linux's PATH_MAX, the zero behind it included.
  private static let longestPath = 4096

  /// `given` with labels on one line each, if it names a video and, where it must, a label.
  static func checked(_ given: Annotation, mayBeEmpty: Bool = false) throws -> Annotation {
    var annotation = given
    annotation.labels = given.labels.map(\.onOneLine)
    guard annotation.name.utf8.count < longestPath else {
      throw DatasetError(
        path: annotation.file, line: annotation.line, expected: "a path and a label",
        found: "a path of \(annotation.name.utf8.count) bytes",
        remedy: "the system takes \(longestPath - 1) at most")
    }
    let isUnlabelled = annotation.labels.isEmpty && !mayBeEmpty && annotation.split != .test
    guard annotation.name.isEmpty || isUnlabelled else { return annotation }
    throw DatasetError(
      path: annotation.file, line: annotation.line, expected: "a path and a label",
      found: annotation.name.isEmpty ? "no path" : "no label")
  }
}
