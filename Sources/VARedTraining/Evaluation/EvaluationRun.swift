// `vared-train evaluate`: a checkpoint on a dataset, from the settings to the report.

import Foundation
import VARedData
import VARedDist

/// What `evaluate` runs.
public struct EvaluationSettings: Sendable {
  /// Checkpoint to evaluate.
  public var checkpoint = ""
  /// List of videos, folder of classes, or HDF5 clips file.
  public var data = ""
  /// Folder of the videos that `data` lists; nil: the list's own.
  public var videos: String?
  /// Part of the data.
  public var split = Split.val
  /// One clip or several views per video.
  public var views = EvaluationViews.clip
  /// Windows per video, uniform in time.
  public var windows = 10
  /// Crops per window, 1 or 3; 0: one up to 112 pixels, else three.
  public var crops = 0
  /// Clips per rank and pass, and threads.
  public var resources = Resources()
  /// Largest fraction of clips that may fail to decode.
  public var maxBadClips = TrainingConfiguration().maxBadClips
  /// Whether to print what the gates chose, by layer and by class.
  public var policies = false
  /// JSON file for the numbers; nil: only print them.
  public var report: String?
  /// CSV file for a line about every clip; nil: none.
  public var clips: String?
  /// How much is said beside the result.
  public var verbosity = Verbosity.normal

  /// The defaults.
  public init() {}

  /// Checks every range.
  ///
  /// - Throws: `ConfigurationError`.
  func validate() throws {
    func require(_ isRight: Bool, _ key: String, _ expected: String) throws {
      if !isRight { throw ConfigurationError(key: key, "expected \(expected)") }
    }
    try require((1...1000).contains(windows), "windows", "1 to 1000, found \(windows)")
    try require([0, 1, 3].contains(crops), "crops", "1 or 3 (0: by size), found \(crops)")
    try resources.validate()
    var shared = TrainingConfiguration()
    shared.maxBadClips = maxBadClips
    try shared.requireRange("max-bad-clips")
  }
}

/// Evaluates a checkpoint over the ranks.
public enum EvaluationRun {
  /// Every rank calls this; rank 0 prints the report. Ends the process when something fails.
  public static func launch(_ settings: EvaluationSettings) {
    let communicator = Launch.communicator()
    communicator.together(status: ExitStatus.of) { try settings.validate() }
    communicator.endingJobOnFailure(status: ExitStatus.of) {
      try evaluate(settings, communicator)
    }
    communicator.finalize()
  }

  private static func evaluate(
    _ settings: EvaluationSettings, _ communicator: Communicator
  ) throws {
    let resources = settings.resources.resolved(share: try communicator.threadShare())
    let (trained, evaluator) = communicator.together(status: ExitStatus.of) {
      let isFirst = communicator.rank == 0
      let outputs = [("report", settings.report), ("clips", settings.clips)]
      if isFirst {
        try OutputFiles.requireWritable(
          outputs, beside: Checkpoint.files(settings.checkpoint) + [settings.data])
      }
      let dataset = try Dataset.open(
        settings.data, videos: settings.videos, with: settings.split)
      if isFirst { try OutputFiles.requireUnread(outputs, by: dataset) }
      let trained = try TrainedNetwork(
        settings.checkpoint, batch: resources.batch, threads: resources.threads)
      return (trained, try makeEvaluator(settings, dataset, trained, communicator, resources))
    }
    Terminal.verbosity = settings.verbosity
    var shown = evaluator.passProgress("clips")
    let found = try evaluator.run(
      trained.network, policies: trained.policies,
      progress: { done in shown?.show(done: done) })
    shown?.end()
    guard let (result, bad) = found else { return }
    guard communicator.rank == 0 else { return }
    for note in evaluator.dataset.summary.notes(size: evaluator.geometry.size) {
      Terminal.warn("note: \(note)")
    }
    for clip in bad { Terminal.warn("warning: \(clip.path): \(clip.reason)") }
    try requireFewBad(result, settings, of: evaluator.dataset.count(settings.split))
    let header = trained.header
    let report = EvaluationReport(
      result, settings,
      of: EvaluationReport.Network(
        fullMACs: trained.network.fullMACs, step: header.position.step, ranks: header.ranks,
        threads: header.threads, classes: header.classes))
    if let path = settings.report { try AtomicFile.writeOutput(path, text: report.json + "\n") }
    if let path = settings.clips {
      let table = ClipTable(
        result.evaluated, bad: bad, of: evaluator.dataset, settings.split,
        predicted: header.classes)
      try AtomicFile.writeOutput(path, text: table.csv)
    }
    try Terminal.show(report.text)
  }

  private static func makeEvaluator(
    _ settings: EvaluationSettings, _ dataset: Dataset, _ trained: TrainedNetwork,
    _ communicator: Communicator, _ resources: Resources
  ) throws -> Evaluator {
    let configuration = trained.header.configuration
    guard trained.header.isMultiLabel || !dataset.isMultiLabel else {
      throw FileError(
        path: settings.checkpoint,
        "was trained on one label a clip, expected one trained on several: \(settings.data) has "
          + "clips with several; give another --checkpoint or --data")
    }
    let crops = settings.crops > 0 ? settings.crops : Evaluator.crops(size: configuration.size)
    return Evaluator(
      communicator: communicator, dataset: dataset, split: settings.split,
      geometry: ClipGeometry(configuration), batch: resources.batch,
      dataThreads: resources.dataThreads,
      views: Evaluator.views(settings.views, windows: settings.windows, crops: crops),
      classMap: try classMap(dataset, trained.header, settings),
      isMultiLabel: trained.header.isMultiLabel)
  }

  /// The checkpoint's number of each class of the data, by name.
  private static func classMap(
    _ dataset: Dataset, _ header: CheckpointHeader, _ settings: EvaluationSettings
  ) throws -> [Int] {
    try dataset.classes.map { name in
      guard let index = header.classes.firstIndex(of: name) else {
        throw FileError(
          path: settings.checkpoint, "does not know the class '\(name)' of \(settings.data)")
      }
      return index
    }
  }

  private static func requireFewBad(
    _ result: EvaluationResult, _ settings: EvaluationSettings, of clips: Int
  ) throws {
    guard Double(result.badClips) > settings.maxBadClips * Double(clips) else { return }
    throw DatasetError(
      path: settings.data, expected: "at most \(settings.maxBadClips) of the clips undecodable",
      found: "\(result.badClips) of \(clips) bad", remedy: "mend them, or raise --max-bad-clips")
  }
}
