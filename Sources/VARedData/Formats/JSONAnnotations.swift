// Annotations in JSON: Something-Something, Kinetics' and ActivityNet's form, lists of objects.

import Foundation

/// JSON files of annotations.
///
/// * Something-Something v2: `[{"id": "78687", "template": "Holding [something] …"}]`; the class is
///   the template without its brackets, in the order of the `labels` file beside it.
/// * Kinetics: `{"ID": {"annotations": {"label": …, "segment": [0, 10]}, "subset": "training"}}`,
///   also within `{"database": {…}}`.
/// * A list of objects that have a path and a label under the names that a table may have.
enum JSONAnnotations {
  /// Reads `file` and those of the other splits; nil when it is no JSON.
  static func read(_ file: TextFile) throws -> AnnotationSet? {
    guard let first = file.firstLine.trimmingBlanks.first, "[{".contains(first),
      file.path.fileExtension == "json" || file.path.fileExtension == "jsonl"
        || (try? object(file)) != nil
    else { return nil }
    var set = AnnotationSet(
      format: "", folder: file.path.parentFolder, annotations: [], places: .around)
    let family = SplitSibling(of: file.path)
    for (split, path) in family.files {
      let part = path == file.path ? file : try TextFile(path: path)
      let (format, found, isMultiLabel) = try annotations(part, split)
      set.format = set.format.isEmpty ? format : set.format
      set.annotations += found
      set.isMultiLabel = set.isMultiLabel || isMultiLabel
    }
    readIndex(beside: file.path, family, into: &set)
    return set
  }

  private static func object(_ file: TextFile) throws -> Any {
    do {
      return try JSONSerialization.jsonObject(with: Data(file.text.utf8))
    } catch {
      throw DatasetError(
        path: file.path, expected: "JSON", found: "something that does not parse as JSON",
        remedy: "check the file, or write a CSV file with the header path,label,split")
    }
  }

  private static func annotations(
    _ file: TextFile, _ split: SplitWord
  ) throws -> (format: String, annotations: [Annotation], isMultiLabel: Bool) {
    let whole = try object(file)
    if let list = whole as? [[String: Any]] {
      let isSomething = list.contains { $0["template"] != nil } || list.allSatisfy { $0.count == 1 }
      return (
        isSomething ? "Something-Something JSON" : "JSON list",
        try list.enumerated().map { try entry($0.element, $0.offset, split, file.path) },
        list.contains { $0["labels"] is [Any] }
      )
    }
    let pairs = whole as? [String: Any]
    if let videos = (pairs?["database"] as? [String: Any]) ?? pairs,
      !videos.isEmpty, videos.values.allSatisfy({ $0 is [String: Any] })
    {
      return (
        "Kinetics JSON",
        try videos.sorted { $0.key < $1.key }.map {
          try kinetics($0.key, $0.value as? [String: Any] ?? [:], split, file.path)
        }, false
      )
    }
    throw DatasetError(
      path: file.path, line: 1, expected: "JSON annotations of a known form",
      found: "JSON of another form", remedy: "write a CSV file with the header path,label,split")
  }

  private static func text(_ value: Any?) -> String? {
    (value as? String) ?? (value as? NSNumber)?.stringValue
  }

  private static func entry(
    _ entry: [String: Any], _ number: Int, _ split: SplitWord, _ path: String
  ) throws -> Annotation {
    let label =
      (entry["template"] as? String)?.filter { $0 != "[" && $0 != "]" }
      ?? LabelTable.labelColumns.lazy.filter { $0 != "labels" }.compactMap { text(entry[$0]) }.first
    let several = (entry["labels"] as? [Any])?.compactMap(text)
    let part = try AnnotationReading.split(
      ["split", "subset"].lazy.compactMap { text(entry[$0]) }.first, file: path, line: nil)
    let name = LabelTable.videoColumns.lazy.filter { $0 != "video_id" }
      .compactMap { text(entry[$0]) }.first
    let video =
      name.map { VideoReference.path($0) }
      ?? text(entry["id"] ?? entry["video_id"]).map { .name([$0], folder: nil) }
    guard let video else {
      throw DatasetError(
        path: path, expected: "an id or a path in every entry", found: "entry \(number) without")
    }
    return try AnnotationReading.checked(
      Annotation(
        video: video, labels: label.map { [$0] } ?? several ?? [], split: part ?? split, file: path),
      mayBeEmpty: several != nil)
  }

  private static func kinetics(
    _ id: String, _ entry: [String: Any], _ split: SplitWord, _ path: String
  ) throws -> Annotation {
    let facts =
      (entry["annotations"] as? [String: Any])
      ?? (entry["annotations"] as? [[String: Any]])?.first ?? entry
    let label = text(facts["label"])
    let segment = (facts["segment"] as? [Any])?.compactMap { text($0).flatMap(Double.init) } ?? []
    let said = text(entry["subset"] ?? entry["split"])
    let part = try AnnotationReading.split(said, file: path, line: nil) ?? split
    let names =
      segment.count == 2
      ? Kinetics.names(id, String(segment[0]), String(segment[1])) : [id]
    return try AnnotationReading.checked(
      Annotation(
        video: .name(names, folder: label), labels: label.map { [$0] } ?? [], split: part,
        file: path))
  }

  /// `something-something-v2-labels.json`, `labels.json`.
  private static func readIndex(
    beside path: String, _ family: SplitSibling, into set: inout AnnotationSet
  ) {
    let own = Set(family.files.map(\.path.lastComponent))
    let name = FileTree().names(in: path.parentFolder).first {
      $0.fileExtension == "json" && !own.contains($0)
        && $0.stem.lowercased().split { !$0.isLetter }.last == "labels"
    }
    guard let name else { return }
    do {
      set.index = try LabelIndex(path: joinedPath(path.parentFolder, name))
    } catch {
      set.notes.append("\(name) is not used as the list of classes: \(error)")
    }
  }
}
