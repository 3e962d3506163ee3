// index.csv of a prepared folder: a line for each clip, as it is written and read.

import Foundation

/// What index.csv says of one clip.
struct PreparedIndexLine: Equatable {
  /// When a label holds, in seconds since the first frame.
  struct Span: Equatable {
    let label: Int
    let seconds: ClosedRange<Double>
  }

  /// The clip as the list has it.
  var path: String
  /// Indices into the manifest's classes, ascending.
  var labels: [Int]
  /// When each label holds; empty where the list does not say.
  var spans: [Span] = []
  var split: Split
  var frames: Int
  /// Frames per second, and the seconds they are shown for; 0: not known.
  var fps: Double
  var duration: Double
  /// Seconds of a unit of the frames' times; 0: not known.
  var timeUnit: Double
  var shard: Int
  /// The clip's place in the shard.
  var row: Int
  /// CRC-32 of the clip's frames, and their bytes.
  var checksum: UInt32
  var bytes: Int

  /// The file's columns where each clip has one label.
  static let columns = [
    "path", "label", "split", "frames", "fps", "duration", "shard", "row", "checksum", "bytes",
  ]
  /// Where clips have several.
  static let multiLabelColumns = [
    "path", "labels", "spans", "split", "frames", "fps", "duration", "time_unit", "shard", "row",
    "checksum", "bytes",
  ]

  /// The fields in the order of their columns: the label by its class; several as `3 17`, numbers
  /// counted from 0 in the order of the classes, and spans as `3 0.0 2.5;17 1.0 4.0`.
  func fields(_ manifest: PreparedManifest) -> [String] {
    let shown = ["\(frames)", String(format: "%.6g", fps), String(format: "%.6g", duration)]
    let place = ["\(shard)", "\(row)", "\(checksum)", "\(bytes)"]
    guard manifest.isMultiLabel else {
      let label = labels.first.map { manifest.classes[$0] } ?? ""
      return [path, label, split.rawValue] + shown + place
    }
    return [
      path, labels.map(String.init).joined(separator: " "), PreparedIndexLine.text(spans),
      split.rawValue,
    ] + shown + ["\(timeUnit)"] + place
  }

  /// Spans as a field has them.
  static func text(_ spans: [Span]) -> String {
    spans.map { "\($0.label) \($0.seconds.lowerBound) \($0.seconds.upperBound)" }
      .joined(separator: ";")
  }
}

/// Reads the lines of an index.
struct PreparedIndexReader {
  private let manifest: PreparedManifest
  private let classes: [String: Int]

  init(_ manifest: PreparedManifest) {
    self.manifest = manifest
    classes = Dictionary(
      uniqueKeysWithValues: zip(manifest.classes, manifest.classes.indices))
  }

  /// The columns that the index has to have.
  var columns: [String] {
    manifest.isMultiLabel ? PreparedIndexLine.multiLabelColumns : PreparedIndexLine.columns
  }

  /// A line that no writer writes.
  struct Unreadable: Error {
    let found: String
  }

  /// The line of some fields.
  func line(_ fields: [String]) throws(Unreadable) -> PreparedIndexLine {
    let unreadable = Unreadable(found: "'\(fields.joined(separator: ",").prefix(80))'")
    guard fields.count == columns.count else { throw unreadable }
    let field = Dictionary(uniqueKeysWithValues: zip(columns, fields))
    let unit = field["time_unit"] ?? "0"
    guard let split = field["split"].flatMap(Split.init(rawValue:)),
      let frames = number(field["frames"]), let fps = field["fps"].flatMap(Double.init),
      let duration = field["duration"].flatMap(Double.init), let timeUnit = Double(unit),
      timeUnit >= 0, timeUnit.isFinite, let shard = number(field["shard"]),
      shard < manifest.shards, let row = number(field["row"]),
      let checksum = field["checksum"].flatMap({ UInt32($0) }), let bytes = number(field["bytes"]),
      let spans = spans(field["spans"] ?? "")
    else { throw unreadable }
    return PreparedIndexLine(
      path: fields[0], labels: try labels(field), spans: spans, split: split, frames: frames,
      fps: fps, duration: duration, timeUnit: timeUnit, shard: shard, row: row,
      checksum: checksum, bytes: bytes)
  }

  private func labels(_ field: [String: String]) throws(Unreadable) -> [Int] {
    if let name = field["label"] {
      if let label = classes[name] { return [label] }
      throw Unreadable(found: "the class '\(name.prefix(80))', which manifest.json has not")
    }
    let text = field["labels"] ?? ""
    let labels = text.split(separator: " ").map { number(String($0)) ?? -1 }
    guard labels.allSatisfy(manifest.classes.indices.contains) else {
      throw Unreadable(
        found: "labels '\(text.prefix(80))' of \(manifest.classes.count) classes in manifest.json")
    }
    return labels
  }

  private func spans(_ text: String) -> [PreparedIndexLine.Span]? {
    let spans = text.split(separator: ";").map { span -> PreparedIndexLine.Span? in
      let words = span.split(separator: " ").map(String.init)
      guard words.count == 3, let label = number(words[0]),
        manifest.classes.indices.contains(label), let start = Double(words[1]),
        let end = Double(words[2]), start <= end
      else { return nil }
      return PreparedIndexLine.Span(label: label, seconds: start...end)
    }
    return spans.contains(nil) ? nil : spans.compactMap { $0 }
  }

  private func number(_ text: String?) -> Int? {
    text.flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
  }
}
