// From annotations to a data set: splits, classes, files, and what is odd about them.

import Foundation

/// Makes a data set of annotations.
struct DatasetAssembly {
  private let path: String
  private let set: AnnotationSet
  private let videos: String?
  private var rows: [(annotation: Annotation, split: Split)] = []
  private var notes: [String]

  /// - Parameters:
  ///   - set: what a reader found.
  ///   - path: what the user named.
  ///   - videos: the folder of the videos; nil: beside the annotations.
  init(_ set: AnnotationSet, path: String, videos: String?) throws {
    self.path = path
    self.set = set
    self.videos = videos
    notes = set.notes
    if let videos {
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: videos, isDirectory: &isFolder)
      guard exists, isFolder.boolValue else {
        throw DatasetError(
          path: videos, expected: "the folder of the videos", found: exists ? "a file" : "nothing",
          remedy: "check --videos")
      }
    }
    assignSplits()
  }

  /// Looks for the videos and puts everything in its place.
  func dataset() throws -> Dataset {
    let (classes, places, indexNote) = try orderedClasses()
    let lookup = VideoLookup(set, videos: videos)
    var clips: [Split: [Dataset.Clip]] = [:]
    var missing: [(clip: MissingClip, annotation: Annotation)] = []
    var present: [DatasetNotes.Clip] = []
    for (annotation, split) in rows {
      switch lookup.place(of: annotation) {
      case .missing(let path): missing.append((MissingClip(path: path, split: split), annotation))
      case .found(let file):
        let clip = Dataset.Clip(
          source: source(file), name: annotation.name,
          labels: annotation.labels.compactMap { places[$0] }.sorted(),
          spans: annotation.spans.compactMap { span in
            places[span.label].map { (label: $0, seconds: span.seconds) }
          })
        clips[split, default: []].append(clip)
        present.append(
          DatasetNotes.Clip(file: standardized(file), labels: Set(clip.labels), split: split))
      }
    }
    try requireFiles(clips, missing, lookup)
    var sentences = missingNotes(missing, lookup, clips) + notes
    if let note = lookup.note, !set.isOfFolders { sentences.append(note) }
    sentences += [indexNote].compactMap { $0 }
    sentences += DatasetNotes(present, classes: classes, isMultiLabel: set.isMultiLabel).sentences
    return Dataset(
      path: path, classes: classes, isMultiLabel: set.isMultiLabel,
      summary: DatasetSummary(
        format: set.format, listed: Dictionary(grouping: rows, by: \.split).mapValues(\.count),
        missing: missing.map(\.clip), notes: sentences),
      train: clips[.train] ?? [], val: clips[.val] ?? [])
  }

  // MARK: Splits

  private mutating func assignSplits() {
    let test = set.annotations.filter { $0.split == .test }
    let hasVal = set.annotations.contains { $0.split == .val }
    let isLabelled =
      set.isMultiLabel
      ? test.contains { !$0.labels.isEmpty } : test.allSatisfy { !$0.labels.isEmpty }
    let testIsVal = set.testIsVal || !hasVal && isLabelled
    rows = set.annotations.compactMap { annotation in
      switch annotation.split {
      case .train: (annotation, .train)
      case .val: (annotation, .val)
      case .test: testIsVal ? (annotation, .val) : nil
      }
    }
    guard !test.isEmpty, !set.testIsVal else { return }
    notes.append(
      testIsVal
        ? "there is no val split: the \(test.count) test clips are taken for it"
        : "\(test.count) test clips are left out" + (isLabelled ? "" : ": not all have labels"))
  }

  // MARK: Classes

  private func orderedClasses() throws -> ([String], [String: Int], note: String?) {
    let labels = Set(rows.lazy.flatMap(\.annotation.labels))
    if let index = set.index {
      guard let places = index.places(of: labels) else { throw unknownLabel(index, labels) }
      return (index.names, places, nil)
    }
    var note: String?
    if let file = indexBeside() {
      do {
        let index = try LabelIndex(path: joinedPath(set.folder, file))
        if let places = index.places(of: labels) { return (index.names, places, nil) }
        note = "\(file) does not list the classes of these annotations and is not used"
      } catch {
        note = "\(file) is not used as the list of classes: \(error)"
      }
    }
    let trained = Set(rows.lazy.filter { $0.split == .train }.flatMap(\.annotation.labels))
    let names = ClassOrder.names(of: trained.isEmpty ? labels : trained)
    let places = ClassOrder.places(of: labels, in: names)
    if let row = rows.first(where: { $0.annotation.labels.contains { places[$0] == nil } }) {
      let label = row.annotation.labels.first { places[$0] == nil } ?? ""
      throw DatasetError(
        path: row.annotation.file, line: row.annotation.line,
        expected: "every class to have training clips", found: "class '\(label)' in val only",
        remedy: "add training clips of it or remove it")
    }
    return (names, places, note)
  }

  private func unknownLabel(_ index: LabelIndex, _ labels: Set<String>) -> DatasetError {
    let row = rows.first { row in
      row.annotation.labels.contains { index.places(of: [$0]) == nil }
    }
    let label = row?.annotation.labels.first { index.places(of: [$0]) == nil }
    return DatasetError(
      path: row?.annotation.file ?? path, line: row?.annotation.line,
      expected: "labels that the set's list of classes has",
      found: "'\(label ?? labels.sorted().first ?? "")'",
      remedy: "check that annotations and the list of classes are of one set")
  }

  /// A file that lists classes, beside annotations whose format has none of its own.
  private func indexBeside() -> String? {
    let names = FileTree().names(in: set.folder)
    let known: Set = [
      "classind.txt", "classes.txt", "class_names.txt", "classnames.txt", "categories.txt",
      "labels.txt", "classes.json", "labels.json", "label_map.json", "class_names.json",
      "moments_categories.txt",
    ]
    let used = Set(set.annotations.prefix(1).map { $0.file.lastComponent })
    for name in names where !used.contains(name) {
      let small = name.lowercased()
      let isIndex =
        known.contains(small) || small.hasPrefix("label_map") && small.fileExtension == "txt"
        || small.hasSuffix("classnames.json")
        || small.hasPrefix("kinetics") && small.hasSuffix("labels.csv")
      if isIndex { return name }
    }
    return nil
  }

  // MARK: Files

  private func source(_ file: String) -> Dataset.Source {
    if file.isVideoName { return .video(path: file) }
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: file, isDirectory: &isFolder)
    return exists && isFolder.boolValue ? .frames(folder: file) : .video(path: file)
  }

  /// One spelling for `a/../b.mp4` and `b.mp4`.
  private func standardized(_ file: String) -> String {
    file.contains("./") ? (file as NSString).standardizingPath : file
  }

  private func requireFiles(
    _ clips: [Split: [Dataset.Clip]], _ missing: [(clip: MissingClip, annotation: Annotation)],
    _ lookup: VideoLookup
  ) throws {
    let split: Split = rows.contains { $0.split == .train } ? .train : .val
    guard clips[split, default: []].isEmpty,
      let first = missing.first(where: { $0.clip.split == split })
    else { return }
    let count = missing.count { $0.clip.split == split }
    let near = lookup.nearMiss(first.annotation).map { "; \($0)" } ?? ""
    throw DatasetError(
      path: first.annotation.file, line: first.annotation.line,
      expected: "the videos below \(shown(lookup.root))",
      found:
        "none of \(count); the first would be \(joinedPath(lookup.root, first.clip.path))\(near)",
      remedy: videos == nil
        ? "paths are relative to the list: name the folder of the videos with --videos"
        : "check --videos and the names")
  }

  private func missingNotes(
    _ missing: [(clip: MissingClip, annotation: Annotation)], _ lookup: VideoLookup,
    _ clips: [Split: [Dataset.Clip]]
  ) -> [String] {
    var notes: [String] = []
    if !rows.contains(where: { $0.split == .train }) {
      notes.append("there are NO TRAINING CLIPS: this set can only be evaluated on")
    }
    if clips[.val, default: []].isEmpty {
      let listed = rows.count { $0.split == .val }
      notes.append(
        listed > 0
          ? "there are NO VALIDATION CLIPS: none of the \(listed) listed is there"
          : DatasetNotes.noValidationClips)
    }
    if let first = missing.first {
      let near = lookup.nearMiss(first.annotation).map { " (\($0))" } ?? ""
      notes.append(
        "\(missing.count) of \(rows.count) listed videos are not below \(shown(lookup.root)) and are "
          + "left out, the first \(first.clip.path)\(near)")
    }
    return notes
  }

  private func shown(_ folder: String) -> String { folder.isEmpty ? "." : folder }
}
