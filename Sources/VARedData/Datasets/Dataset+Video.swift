// One video as a data set of its own.

import Foundation

extension Dataset {
  /// One video, or one folder of numbered pictures, as the only clip of val; its label means
  /// nothing.
  ///
  /// - Parameters:
  ///   - path: of the file or folder.
  ///   - classes: of the set.
  /// - Throws: `DatasetError` where there is none.
  package static func video(_ path: String, classes: [String]) throws -> Dataset {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw DatasetError(path: path, expected: "a video", found: "no such file")
    }
    let source = isFolder.boolValue ? Source.frames(folder: path) : .video(path: path)
    let summary = DatasetSummary(
      format: "one video", listed: [.train: 0, .val: 1], missing: [], notes: [])
    return Dataset(
      path: path, classes: classes, isMultiLabel: false, summary: summary, train: [],
      val: [Clip(source: source, name: path, labels: [0])])
  }
}
