// `train`: checkpoints, resuming, evaluations.

import ArgumentParser
import VARedTraining

struct BookkeepingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Steps between checkpoints; one more at the end of every epoch; 0: only those (default: "
        + "500).", valueName: "steps"))
  var checkpointEvery: Int?

  @Option(
    help: ArgumentHelp(
      "Newest checkpoints kept, beside the one that evaluated best; 0: all (default: 3).",
      valueName: "count"))
  var keepCheckpoints: Int?

  @Option(
    help: ArgumentHelp(
      "auto (from the newest whole checkpoint of --output, if it has one), none (afresh; refuses a "
        + "folder that holds a run), or a checkpoint (default: auto).", valueName: "auto|none|path")
  )
  var resume: String?

  @Option(
    help: ArgumentHelp(
      "Epochs between evaluations of the val split; 0: only after the last (default: 1).",
      valueName: "epochs"))
  var evaluateEvery: Int?

  @Option(
    help: ArgumentHelp(
      "Evaluations during training: clip (one centre clip) or video (mean of 10 windows) (default: "
        + "clip).", valueName: "kind"))
  var views: EvaluationViews?

  func apply(to settings: inout TrainingConfiguration) {
    overlay(&settings.checkpointEvery, checkpointEvery)
    overlay(&settings.keepCheckpoints, keepCheckpoints)
    overlay(&settings.resume, resume.map { ResumeMode($0) })
    overlay(&settings.evaluateEvery, evaluateEvery)
    overlay(&settings.views, views)
  }
}
