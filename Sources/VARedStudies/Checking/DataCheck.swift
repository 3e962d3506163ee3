// `vared-train check`: a data set in words and as JSON.

import VARedData
import VARedTraining

/// What a data set turned out to be.
public struct DataCheck {
  private static let shown = 10

  private let dataset: Dataset
  /// What the set says of itself, and what a look at some of its videos tells.
  private let notes: [String]

  /// Opens the data as a training run does.
  ///
  /// - Parameters:
  ///   - data: what `--data` takes.
  ///   - videos: the folder of the videos; nil: that of the list.
  /// - Throws: `DatasetError` where a run would refuse it.
  public init(_ data: String, videos: String?) throws {
    dataset = try Dataset.open(data, videos: videos)
    notes = dataset.summary.notes + DurationSample(dataset).sentences
  }

  /// Refuses what a training run would refuse although it opens.
  ///
  /// - Throws: `DatasetError`.
  public func requireTrainable() throws {
    guard dataset.count(.train) == 0 else { return }
    throw DatasetError(
      path: dataset.path, expected: "training clips", found: "none",
      remedy: "this set can only be evaluated on")
  }

  /// Several lines for people.
  public var text: String {
    let summary = dataset.summary
    var table = TextTable([.left, .left])
    table.add(["format", summary.format + (dataset.isMultiLabel ? ", several labels a clip" : "")])
    for split in Split.allCases {
      let (there, listed) = (dataset.count(split), summary.listed[split] ?? 0)
      table.add([split.rawValue, "\(there) clips" + (there < listed ? " of \(listed) listed" : "")])
    }
    let names = dataset.classes.prefix(Self.shown).joined(separator: ", ")
    let more = dataset.classes.count > Self.shown ? ", …" : ""
    table.add(["classes", "\(dataset.classes.count): \(names)\(more)"])
    return (table.lines + notes.map { "note: \($0)" }).joined(separator: "\n")
  }

  /// One JSON object: `format`, `clips` and `listed` by split, `classes` in label order,
  /// `missing` as looked for, `multi_label`, `notes`.
  public var json: String {
    let summary = dataset.summary
    func bySplit(_ count: (Split) -> Int) -> JSONLine {
      var line = JSONLine()
      for split in Split.allCases { line.add(split.rawValue, count(split)) }
      return line
    }
    var line = JSONLine()
    line.add("format", summary.format)
    line.add("clips", bySplit(dataset.count))
    line.add("listed", bySplit { summary.listed[$0] ?? 0 })
    line.add("classes", dataset.classes)
    line.add("missing", summary.missing.map(\.path))
    line.add("multi_label", dataset.isMultiLabel)
    line.add("notes", notes)
    return line.text
  }
}
