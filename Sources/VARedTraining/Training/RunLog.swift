// What rank 0 writes down during a run: metrics, bad clips, checkpoints, and what a person sees.

import Foundation
import VARedData
import VARedNN

/// The written side of a run; exists on rank 0 only.
final class RunLog {
  let folder: RunFolder
  let metrics: MetricsFile
  let progress: Progress
  private var badClips: BadClipList
  private let configuration: TrainingConfiguration
  private let dataset: Dataset
  private let ranks: Int
  private var savedStep: Int?
  /// Held for as long as something may be written.
  private let lock: FolderLock

  init(
    _ folder: RunFolder, _ lock: FolderLock, _ configuration: TrainingConfiguration,
    dataset: Dataset, ranks: Int, stepsPerEpoch: Int, start: TrainingPosition, resumed: Bool
  ) throws {
    self.folder = folder
    self.lock = lock
    self.configuration = configuration
    self.dataset = dataset
    self.ranks = ranks
    metrics = try MetricsFile(folder.metricsFile, resumedAt: start.step)
    progress = Progress(epochs: configuration.epochs, stepsPerEpoch: stepsPerEpoch)
    badClips = BadClipList(folder.badClipsFile)
    savedStep = resumed ? start.step : nil
  }

  /// A step's line and progress; `position` is after the step.
  func step(_ record: StepRecord, _ plan: StepPlan, position: TrainingPosition) throws {
    var line = record.line(step: position.step, plan)
    if configuration.network == .dynamic { line.add("stage", plan.stage.rawValue) }
    try metrics.append(line)
    progress.step(record, position: position, epoch: plan.epoch + 1)
  }

  /// The end of an epoch: its record and, where there was one, its evaluation.
  func epoch(_ totals: EpochTotals, position: TrainingPosition, _ result: EvaluationResult?) throws
  {
    var line = JSONLine()
    line.add("kind", "epoch")
    line.add("step", position.step)
    line.add("epoch", position.epoch)
    line.add("loss", totals.loss / totals.clips)
    line.add("accuracy", totals.correct / totals.clips)
    line.add("conv_ratio", totals.convRatio / totals.clips)
    line.add("executed_gmacs", totals.executedMACs / totals.clips / 1e9)
    line.add("clips", Int(totals.clips))
    line.add("bad_clips", Int(totals.badClips))
    line.add("evaluation_bad_clips", result?.badClips ?? 0)
    line.add("seconds", totals.seconds)
    if let result {
      try metrics.append(result.line(step: position.step), line)
      progress.say("epoch \(position.epoch)/\(configuration.epochs) val \(result.summary)")
    } else {
      try metrics.append(line)
    }
  }

  /// Adds to bad-clips.csv and says so once for every new one.
  func bad(_ clips: [BadClipEntry], epoch: Int) throws {
    let new = try badClips.append(clips, epoch: epoch)
    guard new > 0 else { return }
    let example = clips.first.map { ": \($0.path): \($0.reason)" } ?? ""
    progress.say(
      "warning: \(new) clip\(new == 1 ? "" : "s") could not be decoded (see \(folder.badClipsFile))"
        + example)
  }

  /// Writes the checkpoint of `position`, unless it is there already.
  func save(
    _ position: TrainingPosition, _ parameters: Parameters,
    momentum: UnsafeMutableBufferPointer<Float>, totals: EpochTotals, stage: TrainingStage,
    costMemory: CostController.Memory
  ) throws {
    guard savedStep != position.step else { return }
    let header = CheckpointHeader(
      position: position, stage: stage, costMemory: costMemory, ranks: ranks,
      configuration: configuration, classes: dataset.classes, isMultiLabel: dataset.isMultiLabel)
    try header.write(
      folder.checkpoints.file(step: position.step), parameters: parameters, momentum: momentum,
      totals: totals)
    savedStep = position.step
    prune()
  }

  /// Deletes what `--keep-checkpoints` does not keep; the best evaluated one stays.
  func prune() {
    folder.checkpoints.prune(
      keep: configuration.keepCheckpoints, always: Set([metrics.bestStep].compactMap { $0 }))
  }
}
