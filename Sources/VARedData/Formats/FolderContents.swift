// Which file of a folder holds its annotations.

import Foundation

/// Finds the annotations in a folder that a person named as a whole.
enum FolderContents {
  /// Folders of annotations that known sets are unpacked with.
  private static let inner = [
    "annotations", "annotation", "labels", "ucftraintestlist", "testtrainmulti_7030_splits",
    "splits", "lists",
  ]

  /// The file to begin with: that of the training split where there are several.
  static func annotationFile(in folder: String) -> String? {
    if let file = best(in: folder) { return file }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().filter { inner.contains($0.lowercased()) }
      .lazy.compactMap { best(in: joinedPath(folder, $0)) }.first
  }

  private static func best(in folder: String) -> String? {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { !$0.hasPrefix(".") }.sorted()
    let ranked = names.compactMap { name in rank(name.lowercased()).map { (rank: $0, name: name) } }
    // The first of equals in the order of names.
    guard let first = ranked.min(by: { ($0.rank, $0.name) < ($1.rank, $1.name) }) else {
      return nil
    }
    return joinedPath(folder, first.name)
  }

  /// How much a name is that of a set's annotations; the lowest is the most.
  private static func rank(_ name: String) -> Int? {
    let known = [
      "charades_v1_train.csv", "something-something-v2-train.json", "jester-v1-train.csv",
      "trainingset.csv", "trainingset.txt", "trainlist01.txt", "train_ytid_list.txt",
    ]
    if let index = known.firstIndex(of: name) { return index }
    if name.hasSuffix("_test_split1.txt") { return 10 }
    if name.hasSuffix("train_ytid_list.txt") { return 11 }
    guard ["csv", "tsv", "txt", "json"].contains(name.fileExtension) else { return nil }
    let words = name.stem.split { !$0.isLetter }
    if words == ["metadata"] { return 12 }
    if words == ["labels"] && name.fileExtension == "csv" { return 13 }
    if words == ["train"] || words == ["training"] { return 14 }
    if words.contains("train") || words.contains("training") { return 15 }
    if words == ["annotations"] || words == ["videos"] || words == ["list"] { return 16 }
    return nil
  }
}
