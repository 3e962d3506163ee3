// A folder for each class, below folders for the splits or not; or with metadata.csv.

import Foundation

/// The layout of torchvision's `DatasetFolder` and Hugging Face's `videofolder`.
///
/// `train/jump/a.mp4`, `val/jump/b.mp4`, or `jump/a.mp4` for a set without splits. Videos may lie
/// deeper in a class's folder. What is hidden, or no video, is passed over. Without a `val` folder,
/// `test` is the validation split. A folder of numbered pictures is a clip.
enum ClassFolders {
  /// Reads the folder `path`; nil when it is no folder of classes.
  static func read(_ path: String) throws -> AnnotationSet? {
    let tree = FileTree()
    let children = tree.folders(in: path)
    for folder in [path] + children.map({ joinedPath(path, $0) }) {
      guard let name = tree.names(in: folder).first(where: isOtherMetadata) else { continue }
      throw DatasetError(
        path: joinedPath(folder, name), expected: "metadata.csv, or a folder for each class",
        found: "\(name), which is not read", remedy: "write it as metadata.csv with file_name,label"
      )
    }
    let splits = children.compactMap { name in SplitWord(name).map { (split: $0, name: name) } }
    var set = AnnotationSet(format: "class folders", folder: path, annotations: [])
    if splits.contains(where: { $0.split == .train })
      || !splits.isEmpty && splits.count == children.count
    {
      set.format = "class folders in train and val"
      for part in splits {
        if let table = try metadata(joinedPath(path, part.name), part.split) {
          set.format = "split folders with metadata.csv"
          set.annotations += table.map { inner($0, part.name) }
        } else {
          set.annotations += classes(below: part.name, part.split, &set.notes, path, tree)
        }
      }
    } else {
      set.annotations = classes(below: "", .train, &set.notes, path, tree)
    }
    set.isOfFolders = true
    set.notes += [tree.note].compactMap { $0 }
    return set.annotations.isEmpty ? nil : set
  }

  private static func isOtherMetadata(_ name: String) -> Bool {
    name == "metadata.jsonl" || name.fileExtension == "parquet"
  }

  private static func classes(
    below part: String, _ split: SplitWord, _ notes: inout [String], _ root: String,
    _ tree: FileTree
  ) -> [Annotation] {
    let folder = part.isEmpty ? root : joinedPath(root, part)
    var empty: [String] = []
    let found = tree.folders(in: folder).flatMap { label in
      let clips = tree.clips(below: joinedPath(folder, label)).map { name in
        let inner = label + "/" + name
        return Annotation(
          video: .path(part.isEmpty ? inner : part + "/" + inner), labels: [label], split: split,
          file: root)
      }
      if clips.isEmpty { empty.append(label) }
      return clips
    }
    if !empty.isEmpty {
      notes.append(
        "\(empty.count) class folders of \(folder) have no video and are left out, the first "
          + "'\(empty[0])'")
    }
    return found
  }

  /// The rows of a split folder's `metadata.csv`.
  private static func metadata(_ folder: String, _ split: SplitWord) throws -> [Annotation]? {
    let path = joinedPath(folder, "metadata.csv")
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return try LabelTable.read(TextFile(path: path))?.annotations.map {
      var annotation = $0
      annotation.split = split
      return annotation
    }
  }

  private static func inner(_ annotation: Annotation, _ folder: String) -> Annotation {
    var moved = annotation
    if case .path(let name) = annotation.video { moved.video = .path(joinedPath(folder, name)) }
    return moved
  }
}
