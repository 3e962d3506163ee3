// The files that a reader is given.

import Foundation

/// A folder in memory, removed with it.
final class FuzzFolder {
  let path: String

  /// Names that annotations have in the field; a section of the input under another name is text of
  /// the file before.
  static let annotationNames = [
    "labels.csv", "train.txt", "val.txt", "classes.txt", "classInd.txt", "trainlist01.txt",
    "testlist01.txt", "brush_hair_test_split1.txt", "train.json", "validation.json", "labels.json",
    "jester-v1-train.csv", "jester-v1-labels.csv", "Charades_v1_train.csv", "trainingSet.csv",
    "moments_categories.txt", "kinetics_train.csv", "category.txt",
  ]

  /// Files of a run's folder that `report` reads.
  static let runNames = [
    "config.yaml", "metrics.jsonl", "evaluation.json", "clips.csv", "bad-clips.csv",
  ]

  /// - Throws: an error where no folder can be made.
  init() throws {
    let memory = "/dev/shm"
    let parent = FileManager.default.isWritableFile(atPath: memory) ? memory : "/tmp"
    path = "\(parent)/vared-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Removes what is in it.
  func clear() throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: path) {
      try FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
  }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ bytes: UnsafeBufferPointer<UInt8>, to name: String) throws -> String {
    let file = "\(path)/\(name)"
    if name.contains("/") {
      try FileManager.default.createDirectory(
        atPath: "\(path)/\(name.split(separator: "/")[0])", withIntermediateDirectories: true)
    }
    guard FileManager.default.createFile(atPath: file, contents: Data(buffer: bytes)) else {
      throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: file])
    }
    return file
  }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    try bytes.withUnsafeBufferPointer { try write($0, to: name) }
  }

  /// Writes several files of one input: a line `=== NAME` with a known name begins a file, and what
  /// stands before the first one is a file of the first known name.
  ///
  /// - Returns: their paths, in the order of the input, one at least.
  @discardableResult
  func writeSections(
    of bytes: UnsafeBufferPointer<UInt8>, known names: [String]
  ) throws -> [String] {
    var sections: [(name: String, bytes: [UInt8])] = []
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      let text = String(decoding: line, as: UTF8.self)
      if text.hasPrefix("=== "), names.contains(String(text.dropFirst(4))) {
        sections.append((String(text.dropFirst(4)), []))
        continue
      }
      if sections.isEmpty { sections.append((names[0], [])) }
      sections[sections.count - 1].bytes += line + [UInt8(ascii: "\n")]
    }
    return try sections.map { try write($0.bytes, to: $0.name) }
  }
}
