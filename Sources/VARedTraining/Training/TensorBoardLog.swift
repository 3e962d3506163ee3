// What TensorBoard shows of a run: the numbers of metrics.jsonl, the gates' weights, and the clips
// that cost most and least.

import Foundation
import VARedData

/// The run's event file; exists on rank 0 only.
final class TensorBoardLog {
  private let file: EventFile
  private let configuration: TrainingConfiguration
  private let dataset: Dataset

  /// Clips shown at each end.
  private static let clipsPerEnd = 4

  /// - Parameters:
  ///   - folder: of the run.
  ///   - configuration: of the run.
  ///   - dataset: what it is evaluated on.
  ///   - step: that it goes on from.
  ///   - hasEpoch: whether the end of an epoch at `step` is in metrics.jsonl, so that it will not
  ///     be written again.
  ///   - say: hears of damaged files.
  /// - Throws: `FileError`.
  init(
    _ folder: RunFolder, _ configuration: TrainingConfiguration, dataset: Dataset,
    resumedAt step: Int, hasEpoch: Bool, say: (String) -> Void
  ) throws {
    (self.configuration, self.dataset) = (configuration, dataset)
    file = try EventFile(
      in: folder.path, resumedAt: step, host: ProcessInfo.processInfo.hostName,
      voids: { tags in !hasEpoch && !tags.contains { $0.hasPrefix("train/") } }, say: say)
  }

  /// Writes lines of metrics.jsonl of one step as curves, and what an evaluation found.
  ///
  /// - Parameters:
  ///   - lines: of the step.
  ///   - result: of the evaluation, where there was one.
  ///   - step: of all of them.
  /// - Throws: `FileError` if the disk is full, `DatasetError` if clips to show cannot be read.
  func write(_ lines: [JSONLine], _ result: EvaluationResult? = nil, step: Int) throws {
    let curves = lines.flatMap(Self.scalars)
    guard let result, configuration.network == .dynamic else {
      return try file.append(curves, step: step)
    }
    let (pictures, failure) = clips(result)
    try file.append(curves + weights(result) + pictures, step: step)
    if let failure { throw failure }
  }

  /// Writes what the file did not take before.
  ///
  /// - Throws: `FileError` if it still does not.
  func flush() throws { try file.flush() }

  // MARK: Curves

  /// What the tags of a line of this kind begin with.
  private static let prefixes = ["step": "train", "evaluation": "val", "epoch": "epoch"]

  /// The numbers of a line of metrics.jsonl by their keys: `train/loss`, `train/seconds/forward`,
  /// `train/rank_seconds/compute/most`.
  static func scalars(of line: JSONLine) -> [TBSummary.Value] {
    guard let object = try? JSONSerialization.jsonObject(with: Data(line.text.utf8)),
      let members = object as? [String: Any], let kind = members["kind"] as? String,
      let prefix = prefixes[kind]
    else { return [] }
    return scalars(members.filter { $0.key != "step" }, under: prefix)
  }

  private static func scalars(_ members: [String: Any], under prefix: String) -> [TBSummary.Value] {
    members.sorted { $0.key < $1.key }.flatMap { key, value -> [TBSummary.Value] in
      let tag = "\(prefix)/\(key)"
      if let members = value as? [String: Any] { return scalars(members, under: tag) }
      // Over the ranks (RankTimes.spread).
      if let spread = value as? [Double], spread.count == 3, prefix.hasSuffix("rank_seconds") {
        return zip(["least", "mean", "most"], spread).map { .scalar("\(tag)/\($0)", $1) }
      }
      return (value as? Double).map { [.scalar(tag, $0)] } ?? []
    }
  }

  // MARK: Gates and clips

  private func weights(_ result: EvaluationResult) -> [TBSummary.Value] {
    (result.gateWeights?.histograms ?? []).map {
      .histogram(
        "gate_weights/\($0.name)", limits: WeightHistograms.limits, buckets: $0.buckets,
        sum: $0.sum, sumOfSquares: $0.sumOfSquares)
    }
  }

  /// The clips that cost most and least: a table of each end, and their pictures.
  private func clips(_ result: EvaluationResult) -> (values: [TBSummary.Value], failure: Error?) {
    let decoded = result.evaluated.filter { !$0.isBad }
      .sorted { ($0.convRatio, $1.index) > ($1.convRatio, $0.index) }
    let count = min(Self.clipsPerEnd, decoded.count / 2)
    let ends = [
      ("clips/most_costly", Array(decoded.prefix(count))),
      ("clips/least_costly", Array(decoded.reversed().prefix(count))),
    ]
    var values = ends.map { table($0, $1) }
    let animations = ClipAnimations(of: dataset, .val, configuration, form: .gif)
    let size = animations.geometry.size
    do {
      var pictures: [Int: [UInt8]] = [:]
      try animations.forEach(ends.flatMap { $0.1.map(\.index) }) { index, animation in
        pictures[index] = animation.bytes
        return true
      }
      for (tag, clips) in ends {
        for (place, clip) in clips.enumerated() {
          guard let picture = pictures[clip.index] else { continue }
          values.append(.picture("\(tag)/\(place + 1)", picture, width: size, height: size))
        }
      }
    } catch {
      return (values, error)
    }
    return (values, nil)
  }

  private func table(_ tag: String, _ clips: [EvaluatedClip]) -> TBSummary.Value {
    let rows = ClipTable(clips, bad: [], of: dataset, .val, predicted: dataset.classes).rows
    return .table(
      tag, head: ["", "clip", "class", "answer", "probability", "conv ratio"],
      rows: rows.enumerated().map { place, row in
        [
          String(place + 1), row.path, row.label, row.prediction ?? "none",
          row.probability.map { String(format: "%.2f", $0) } ?? "",
          row.convRatio.map { String(format: "%.3f", $0) } ?? "",
        ]
      })
  }
}
