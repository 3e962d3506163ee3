// What is odd about a set of clips, in sentences: duplicates, labels that disagree, empty classes.

/// Finds what a person should know before training on a set.
struct DatasetNotes {
  /// One clip, by the file it is read from.
  struct Clip {
    let file: String
    let labels: Set<Int>
    let split: Split
  }

  /// What is said of a set without any.
  static let noValidationClips =
    "there are NO VALIDATION CLIPS: a training on this set evaluates nothing"

  private(set) var sentences: [String] = []

  /// - Parameters:
  ///   - clips: those whose files are there.
  ///   - classes: the names of the labels.
  ///   - isMultiLabel: clips may have any number of labels.
  init(_ clips: [Clip], classes: [String], isMultiLabel: Bool) {
    noteRepeats(clips)
    noteOverlap(clips)
    noteClasses(clips, classes, isMultiLabel)
  }

  private mutating func noteRepeats(_ clips: [Clip]) {
    for split in Split.allCases {
      let repeated = Dictionary(grouping: clips.filter { $0.split == split }, by: \.file)
        .filter { $0.value.count > 1 }
      if let first = repeated.keys.min() {
        sentences.append(
          "\(repeated.count) videos are listed more than once in \(split.rawValue), the first \(first)"
        )
      }
    }
    let disagreeing = Dictionary(grouping: clips, by: \.file)
      .filter { Set($0.value.map(\.labels)).count > 1 }
    if let first = disagreeing.keys.min() {
      sentences.append(
        "\(disagreeing.count) videos are listed with conflicting labels, the first \(first)")
    }
  }

  private mutating func noteOverlap(_ clips: [Clip]) {
    let train = Set(clips.lazy.filter { $0.split == .train }.map(\.file))
    let both = Set(clips.lazy.filter { $0.split == .val }.map(\.file)).intersection(train)
    if let first = both.min() {
      sentences.append(
        "\(both.count) videos are in train and in val, the first \(first): accuracy on val means "
          + "little")
    }
  }

  private mutating func noteClasses(_ clips: [Clip], _ classes: [String], _ isMultiLabel: Bool) {
    for split in Split.allCases {
      let part = clips.filter { $0.split == split }
      guard !part.isEmpty else { continue }
      let used = part.reduce(into: Set<Int>()) { $0.formUnion($1.labels) }
      let unused = classes.indices.filter { !used.contains($0) }
      if let first = unused.first {
        sentences.append(
          "\(unused.count) of \(classes.count) classes have no clip in \(split.rawValue), the first "
            + "'\(classes[first])'")
      }
      let empty = part.count { $0.labels.isEmpty }
      if empty > 0 { sentences.append("\(empty) clips of \(split.rawValue) have no label") }
    }
    if classes.count == 1, !isMultiLabel {
      sentences.append("there is one class only: every answer is right")
    }
  }
}
