// `vared-train evaluate`: accuracy and cost of a checkpoint.

import ArgumentParser
import VARedTraining

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures accuracy, executed computation and time of a checkpoint.",
    discussion: """
      Example, 10 windows of every video, on two ranks:

        mpirun -n 2 vared-train evaluate --checkpoint runs/a --data clips/labels.csv --views video
      """)

  @OptionGroup var subject: SubjectOptions

  @Option(
    help: ArgumentHelp(
      "clip (one centre clip) or video (mean softmax of windows x crops).", valueName: "kind"))
  var views = EvaluationViews.clip

  @Option(help: ArgumentHelp("Windows per video, uniform in time.", valueName: "count"))
  var windows = 10

  @Option(
    help: ArgumentHelp(
      "Crops per window: 1 or 3; 0: 1 up to 112 pixels, else 3.", valueName: "count"))
  var crops = 0

  @Option(help: ArgumentHelp("Clips per rank and pass.", valueName: "clips"))
  var batch = 8

  @Option(help: ArgumentHelp("Compute threads per rank; 0: its share.", valueName: "count"))
  var threads = 0

  @Option(help: ArgumentHelp("Decoding threads per rank; 0: as computing.", valueName: "count"))
  var dataThreads = 0

  @Option(
    help: ArgumentHelp("Fraction of clips that may be undecodable.", valueName: "fraction"))
  var maxBadClips = 0.01

  @Flag(help: "Also print what the gates chose, by layer and by class.")
  var policies = false

  @Option(help: ArgumentHelp("Also write the numbers as JSON.", valueName: "file.json"))
  var report: String?

  func run() {
    var settings = EvaluationSettings()
    settings.checkpoint = subject.checkpoint
    settings.data = subject.data
    settings.split = subject.split
    settings.views = views
    settings.windows = windows
    settings.crops = crops
    settings.batch = batch
    settings.threads = threads
    settings.dataThreads = dataThreads
    settings.maxBadClips = maxBadClips
    settings.policies = policies
    settings.report = report
    EvaluationRun.launch(settings)
  }
}
