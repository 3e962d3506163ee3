// `evaluate`, `redundancy`: which network, on which clips.

import ArgumentParser
import VARedTraining

struct SubjectOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Checkpoint, or the folder of a run (its newest whole one).", valueName: "path"))
  var checkpoint: String

  @Option(help: ArgumentHelp("Label file, HDF5 clips file or prepared folder.", valueName: "file"))
  var data: String

  @Option(help: ArgumentHelp("train or val.", valueName: "split"))
  var split = Split.val
}
