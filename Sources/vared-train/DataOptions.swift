// `train`: where clips come from, what they look like, where results go.

import ArgumentParser
import VARedTraining

struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Label file (CSV 'path,label,split', or lines 'path label'), or HDF5 file with /clips and "
        + "/labels. Required.", valueName: "file"))
  var data: String?

  @Option(
    help: ArgumentHelp("Folder for checkpoints and metrics. Required.", valueName: "dir"),
    completion: .directory)
  var output: String?

  @Option(help: ArgumentHelp("Frames of a clip (default: 8).", valueName: "frames"))
  var frames: Int?

  @Option(
    help: ArgumentHelp(
      "Video frames from one clip frame to the next (default: 2).", valueName: "frames"))
  var frameStride: Int?

  @Option(help: ArgumentHelp("Height and width of a clip (default: 112).", valueName: "pixels"))
  var size: Int?

  @Option(
    help: ArgumentHelp(
      "Variation of training clips: standard (random scale, crop, flip) or none (default: "
        + "standard).", valueName: "mode"))
  var augment: AugmentMode?

  @Option(
    help: ArgumentHelp(
      "Order of training clips: epoch (new in every epoch) or none (that of the file) (default: "
        + "epoch).", valueName: "mode"))
  var shuffle: ShuffleMode?

  @Option(
    help: ArgumentHelp(
      "Fraction of clips that may be undecodable before the job ends (default: 0.01).",
      valueName: "fraction"))
  var maxBadClips: Double?

  func apply(to settings: inout TrainingConfiguration) {
    overlay(&settings.data, data)
    overlay(&settings.output, output)
    overlay(&settings.frames, frames)
    overlay(&settings.frameStride, frameStride)
    overlay(&settings.size, size)
    overlay(&settings.augment, augment)
    overlay(&settings.shuffle, shuffle)
    overlay(&settings.maxBadClips, maxBadClips)
  }
}
