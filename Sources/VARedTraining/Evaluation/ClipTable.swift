// clips.csv: what an evaluation found for every clip, for people, pandas and reports.

import Foundation
import VARedData

/// The clips of an evaluation, in the order of the split.
package struct ClipTable {
  /// One clip; of a bad one there are no numbers and no prediction.
  package struct Row: Equatable, Sendable {
    /// Its place in the split.
    package var index: Int
    /// As the list of the data names it.
    package var path: String
    /// The class; of a set whose clips may have several, a `LabelField`.
    package var label: String
    /// The class with the highest score; nil: its scores are no numbers.
    package var prediction: String?
    /// That class's softmax, with several labels a clip its sigmoid.
    package var probability: Double?
    /// Executed multiply-accumulates per view.
    package var executedMACs: Double?
    /// Executed ratio of the dynamic convolutions.
    package var convRatio: Double?
    /// Share of frames computed.
    package var temporalRatio: Double?
    /// Share of channels computed.
    package var channelRatio: Double?
    /// Why it could not be decoded; nil: it could.
    package var badReason: String?
  }

  /// The rows.
  package let rows: [Row]

  /// The columns in order.
  static let columns = [
    "index", "path", "label", "prediction", "probability", "executed_macs", "conv_ratio",
    "temporal_ratio", "channel_ratio", "bad", "reason",
  ]

  /// These rows.
  init(_ rows: [Row]) { self.rows = rows }

  /// - Parameters:
  ///   - clips: in the order of the split.
  ///   - bad: the clips that could not be decoded.
  ///   - dataset: what was evaluated.
  ///   - split: the part of it.
  ///   - predicted: the network's classes, in the order of the logits.
  package init(
    _ clips: [EvaluatedClip], bad: [BadClipEntry], of dataset: Dataset, _ split: Split,
    predicted: [String]
  ) {
    let reasons = Dictionary(bad.map { ($0.index, $0.reason) }) { first, _ in first }
    rows = clips.map { clip in
      let labels = dataset.labels(split, clip.index).map { dataset.classes[$0] }
      var row = Row(
        index: clip.index, path: dataset.name(split, clip.index),
        label: dataset.isMultiLabel ? LabelField.text(labels) : labels.joined())
      guard !clip.isBad else {
        row.badReason = reasons[clip.index] ?? "could not be decoded"
        return row
      }
      row.prediction = clip.prediction.map { predicted[$0] }
      row.probability = clip.prediction.map { _ in clip.probability }
      row.executedMACs = clip.executedMACs
      row.convRatio = clip.convRatio
      row.temporalRatio = clip.temporalRatio
      row.channelRatio = clip.channelRatio
      return row
    }
  }

  /// A line for each clip below a line of names.
  package var csv: String {
    rows.reduce(into: CSVRow(Self.columns).line) { text, row in
      func number(_ value: Double?) -> String { value.map { "\(Float($0))" } ?? "" }
      text +=
        CSVRow(
          [
            String(row.index), row.path, row.label, row.prediction ?? "", number(row.probability),
            row.executedMACs.map { String(format: "%.0f", $0) } ?? "", number(row.convRatio),
            number(row.temporalRatio), number(row.channelRatio), row.badReason == nil ? "0" : "1",
            row.badReason ?? "",
          ]
        ).line
    }
  }
}

extension ClipTable {
  /// Reads what `csv` wrote.
  ///
  /// - Throws: `FileError` that says what is not as it should be, and in which line.
  package init(path: String) throws {
    let table: CSVTable
    do {
      table = try CSVTable(TextFile(path: path), delimiter: ",")
    } catch let error as DatasetError {
      throw Self.broken(path, error.line, "found \(error.found)")
    }
    guard let header = table.rows.first, header.fields == Self.columns else {
      throw Self.broken(path, 1, "expected the columns \(Self.columns.joined(separator: ","))")
    }
    rows = try table.rows.dropFirst().map { row in
      guard let read = Self.row(row.fields) else {
        throw Self.broken(path, row.line, "is no line of a clip")
      }
      return read
    }
  }

  private static func broken(_ path: String, _ line: Int?, _ found: String) -> FileError {
    FileError(
      path: path + (line.map { ":\($0)" } ?? ""),
      "\(found); write it anew: vared-train evaluate --checkpoint … --clips \(path)")
  }

  private static func row(_ fields: [String]) -> Row? {
    guard fields.count == columns.count, let index = Int(fields[0]), index >= 0 else { return nil }
    var row = Row(index: index, path: fields[1], label: fields[2])
    if fields[9] == "1" {
      row.badReason = fields[10]
      return row
    }
    row.prediction = fields[3].isEmpty ? nil : fields[3]
    row.probability = Double(fields[4])
    row.executedMACs = Double(fields[5])
    row.convRatio = Double(fields[6])
    row.temporalRatio = Double(fields[7])
    row.channelRatio = Double(fields[8])
    let numbers = [row.executedMACs, row.convRatio, row.temporalRatio, row.channelRatio]
    return numbers.allSatisfy { $0.map((0...1e18).contains) ?? false } ? row : nil
  }
}
