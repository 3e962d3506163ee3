// What rank 0 writes down during a run: metrics, bad clips, checkpoints, and what a person sees.

import Foundation
import VARedData
import VARedNN

/// The written side of a run; exists on rank 0 only.
final class RunLog {
  let folder: RunFolder
  let metrics: MetricsFile
  let progress: Progress
  /// What TensorBoard shows; nil: it is switched off, or cannot be written.
  private var tensorBoard: TensorBoardLog?
  private var badClips: BadClipList
  private let configuration: TrainingConfiguration
  private let dataset: Dataset
  private let ranks: Int
  /// Compute threads of rank 0.
  private let threads: Int
  /// What candidates take, where costs are in seconds.
  private let seconds: CandidateSeconds?
  private var savedStep: Int?
  private let saver = CheckpointSaver()
  private var memory: SnapshotMemory?
  /// The last checkpoint that could not be written.
  private var failure: FileError?
  /// Files of which it was said that they cannot be written.
  private var refused: Set<String> = []
  /// The checkpoint that the run went on from.
  private let origin: (step: Int, path: String)?
  /// The last step that was undone, and why.
  private var lastFault: (step: Int, reason: String)?
  /// Of the last step of a network with gates.
  private var stage: TrainingStage?
  private var hasSaidDrop = false
  /// Held for as long as something may be written.
  private let lock: FolderLock

  init(
    _ folder: RunFolder, _ lock: FolderLock, _ configuration: TrainingConfiguration,
    dataset: Dataset, ranks: Int, threads: Int, seconds: CandidateSeconds?, stepsPerEpoch: Int,
    start: TrainingPosition, resumedFrom checkpoint: Checkpoint?
  ) throws {
    self.seconds = seconds
    self.folder = folder
    self.lock = lock
    Terminal.keepLostLines(in: folder.logFile)
    self.configuration = configuration
    self.dataset = dataset
    self.ranks = ranks
    self.threads = threads
    metrics = try MetricsFile(folder.metricsFile, resumedAt: start.step, say: Terminal.warn)
    progress = Progress(epochs: configuration.epochs, stepsPerEpoch: stepsPerEpoch)
    badClips = try BadClipList(folder.badClipsFile)
    origin = checkpoint.map { (start.step, $0.path) }
    savedStep = origin?.step
    guard configuration.tensorBoard else { return }
    goingOn {
      tensorBoard = try TensorBoardLog(
        folder, configuration, dataset: dataset, resumedAt: start.step,
        hasEpoch: metrics.has("epoch", step: start.step), say: progress.say)
    }
  }

  /// A step's line and progress; `position` is after the step.
  func step(_ record: StepRecord, _ plan: StepPlan, position: TrainingPosition) {
    var line = record.line(step: position.step, plan)
    if configuration.network == .dynamic {
      line.add("stage", plan.stage.rawValue)
      stage = plan.stage
    }
    write([line])
    if !record.isUndone { goingOn { try tensorBoard?.write([line], step: position.step) } }
    progress.step(record, position: position, epoch: plan.epoch + 1)
    take(saver.collect(waiting: false))
  }

  /// The end of an epoch: its record and, where there was one, its evaluation.
  func epoch(_ totals: EpochTotals, position: TrainingPosition, _ result: EvaluationResult?) {
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
    let lines = (result.map { [$0.line(step: position.step)] } ?? []) + [line]
    goingOn { try tensorBoard?.write(lines, result, step: position.step) }
    write(lines)
    if let result {
      progress.say("epoch \(position.epoch)/\(configuration.epochs) val \(result.summary)")
      warnOfDrop(result)
    }
  }

  /// Says once if answers break in the joint stage.
  private func warnOfDrop(_ result: EvaluationResult) {
    guard stage == .joint, configuration.policy == .gates, !hasSaidDrop else { return }
    // This one where none was better.
    let best = metrics.best
    let warning = AccuracyDrop.warning(
      result, after: best, checkpoint: candidates.first { $0.step == best?.step }?.path,
      configuration)
    guard let warning else { return }
    hasSaidDrop = true
    progress.warn(warning)
  }

  /// The newest evaluation by itself: evaluation.json and clips.csv.
  ///
  /// - Parameters:
  ///   - result: what it found.
  ///   - bad: its clips that could not be decoded.
  ///   - step: after which it was made.
  ///   - fullMACs: multiply-accumulates of the fixed network.
  func evaluation(
    _ result: EvaluationResult, bad: [BadClipEntry], step: Int, fullMACs: Int
  ) {
    var settings = EvaluationSettings()
    (settings.checkpoint, settings.views) = (configuration.output, configuration.views)
    (settings.data, settings.videos) = (configuration.data, configuration.videos)
    let report = EvaluationReport(
      result, settings,
      of: EvaluationReport.Network(
        fullMACs: fullMACs, step: step, ranks: ranks, threads: threads, classes: dataset.classes))
    let table = ClipTable(
      result.evaluated, bad: bad, of: dataset, .val, predicted: dataset.classes)
    goingOn { try AtomicFile.write(folder.evaluationFile, text: report.json + "\n") }
    goingOn { try AtomicFile.write(folder.clipsFile, text: table.csv) }
  }

  /// What cannot be written is said once; training goes on, and `finish` tries again.
  private func write(_ lines: [JSONLine]) {
    goingOn { try metrics.append(lines) }
  }

  private func goingOn(_ body: () throws -> Void) {
    do {
      try body()
    } catch {
      let path = (error as? FileError)?.path ?? ""
      guard refused.insert(path).inserted else { return }
      progress.warn("warning: \(error); training goes on")
    }
  }

  /// Adds to bad-clips.csv and says so once for every new one.
  func bad(_ clips: [BadClipEntry], epoch: Int) {
    var new = 0
    goingOn { new = try badClips.append(clips, epoch: epoch) }
    guard new > 0 else { return }
    let example = clips.first.map { ": \($0.path): \($0.reason)" } ?? ""
    progress.conclude(
      "warning: \(new) clip\(new == 1 ? "" : "s") could not be decoded (see \(folder.badClipsFile))"
        + example)
  }

  /// Says that a step was undone.
  ///
  /// - Parameters:
  ///   - found: what each rank found; empty where it found nothing.
  ///   - inARow: undone steps since the last that was taken.
  func undone(step: Int, _ found: [[UInt8]], inARow: Int) {
    let reasons = found.map { String(decoding: $0, as: UTF8.self) }
    let reason = reasons.first { !$0.isEmpty } ?? "the loss is not finite"
    lastFault = (step, reason)
    let most = max(1, configuration.maxBadSteps)
    progress.conclude(
      "warning: step \(step) was undone, \(inARow) in a row of at most \(most): \(reason)")
  }

  /// Why the run ends after so many undone steps, and the command that goes on.
  func divergence(inARow: Int) -> TrainingFailure {
    let fault = lastFault.map { "at step \($0.step) \($0.reason)" } ?? ""
    let count = inARow == 1 ? "" : ", the last of \(inARow) undone in a row"
    let advice = DivergenceAdvice(
      configuration, ranks: ranks,
      checkpoint: metrics.soundStep(among: candidates.map(\.step), limit: soundLoss)
        .flatMap { sound in candidates.first { $0.step == sound }?.path })
    return TrainingFailure(description: "training diverged: \(fault)\(count); \(advice.text)")
  }

  /// Checkpoints that a run could go on from, newest first.
  private var candidates: [(step: Int, path: String)] {
    let own = folder.checkpoints.entries().map { ($0.step, $0.path) }
    return own + [origin].compactMap { $0 }
  }

  /// A loss that no network has which can still be trained: ten times that of a guess.
  private var soundLoss: Double { 10 * log(Double(max(2, dataset.classes.count))) }

  /// Begins to write the checkpoint of `position`, unless that was done already. Waits for the one
  /// before.
  func save(
    _ position: TrainingPosition, _ parameters: Parameters,
    momentum: UnsafeMutableBufferPointer<Float>, totals: EpochTotals, stage: TrainingStage,
    costMemory: CostController.Memory, clipCosts: ClipCosts?
  ) {
    guard savedStep != position.step else { return }
    take(saver.collect(waiting: true))
    let header = CheckpointHeader(
      position: position, stage: stage, costMemory: costMemory, ranks: ranks, threads: threads,
      configuration: configuration, seconds: seconds, classes: dataset.classes,
      isMultiLabel: dataset.isMultiLabel)
    let memory = memory ?? SnapshotMemory(parameters)
    self.memory = memory
    let snapshot = CheckpointSnapshot(
      header, parameters, momentum: momentum, totals: totals, clipCosts: clipCosts,
      into: memory)
    saver.start(snapshot, to: folder.checkpoints.file(step: position.step))
    savedStep = position.step
  }

  /// How long a checkpoint took at most until it was on the disk.
  var longestSaveSeconds: Double { saver.longestSeconds }

  /// Waits for the checkpoint that is being written.
  func wait() { take(saver.collect(waiting: true)) }

  /// Waits until everything is on the disk.
  ///
  /// - Throws: `FileError` if the last checkpoint, or lines of the metrics, could not be written.
  func finish() throws {
    wait()
    if let failure { throw failure }
    try metrics.flush()
    try tensorBoard?.flush()
  }

  /// Takes in how a write ended: one that failed is tried again when the next is due.
  private func take(_ outcome: CheckpointSaver.Outcome?) {
    guard let outcome else { return }
    guard let error = outcome.error else {
      failure = nil
      prune()
      return
    }
    if savedStep == outcome.step { savedStep = nil }
    let newest = folder.checkpoints.steps().first.map { "the last one is of step \($0)" }
    let message = "checkpoint cannot be written: \(error.message); \(newest ?? "there is none yet")"
    failure = FileError(path: error.path, message)
    progress.warn("warning: \(error.path): \(message); training goes on")
  }

  /// Deletes what `--keep-checkpoints` does not keep; the best evaluated one stays, and while the
  /// run diverges the last that was sound.
  func prune() {
    var always = [metrics.bestStep]
    if !metrics.isSound(limit: soundLoss) {
      always.append(metrics.soundStep(among: folder.checkpoints.steps(), limit: soundLoss))
    }
    folder.checkpoints.prune(
      keep: configuration.keepCheckpoints, always: Set(always.compactMap { $0 }))
  }
}
