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

  @OptionGroup var shared: SettingFlags<Evaluating>

  @Option(help: ArgumentHelp("Windows per video, uniform in time.", valueName: "count"))
  var windows = 10

  @Option(
    help: ArgumentHelp(
      "Crops per window: 1 or 3; 0: 1 up to 112 pixels, else 3.", valueName: "count"))
  var crops = 0

  @Flag(help: "Also print what the gates chose, by layer and by class.")
  var policies = false

  @Option(help: ArgumentHelp("Also write the numbers as JSON.", valueName: "file.json"))
  var report: String?

  @Option(
    help: ArgumentHelp(
      "Also write a line for every clip as CSV: prediction, probability, cost.",
      valueName: "file.csv"))
  var clips: String?

  func run() {
    var settings = EvaluationSettings()
    settings.checkpoint = subject.checkpoint
    settings.data = subject.source.data
    settings.videos = subject.source.videos
    settings.split = subject.split
    settings.views = shared.settings.views
    settings.windows = windows
    settings.crops = crops
    settings.resources = shared.settings.resources
    settings.maxBadClips = shared.settings.maxBadClips
    settings.policies = policies
    settings.report = report
    settings.clips = clips
    settings.verbosity = shared.settings.verbosity
    EvaluationRun.launch(settings)
  }
}
