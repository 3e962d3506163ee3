// `vared-train check`: what a data set is, before it costs days.

import ArgumentParser
import VARedStudies
import VARedTraining

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what a data set is: its form, clips, classes, what is missing, what is odd.",
    discussion: """
      Examples:

        vared-train check videos/labels.csv
        vared-train check lists/train.csv --videos /data/kinetics --json

      The exit status is 2 where a training run would refuse the data.
      """)

  @Argument(
    help: ArgumentHelp(
      "List of videos with their labels, folder of videos for each class, or HDF5 clips file.",
      valueName: "data"))
  var data: String

  @Option(
    help: ArgumentHelp(
      "Folder that the videos lie in, where it is not that of the list.", valueName: "dir"))
  var videos: String?

  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  func run() throws {
    let check = try DataCheck(data, videos: videos)
    try Terminal.show(json ? check.json : check.text)
    try check.requireTrainable()
  }
}
