// `evaluate`, `redundancy`: which network, on which clips.

import ArgumentParser
import VARedTraining

struct SubjectOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Checkpoint, or the folder of a run (its newest whole one).", valueName: "path"))
  var checkpoint: String

  @OptionGroup var source: DataOptions

  @Option(help: ArgumentHelp("train or val.", valueName: "split"))
  var split = Split.val
}
