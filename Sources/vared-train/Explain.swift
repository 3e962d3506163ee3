// `vared-train explain`: what a checkpoint does with one video.

import ArgumentParser
import VARedStudies
import VARedTraining

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what a checkpoint does with one video: answers, decisions, cost.",
    discussion: """
      Prints the classes with the highest scores, what every dynamic layer computed, and computation \
      and time beside the fixed network's; draws the clip's frames, and for each layer which were \
      computed and which reconstructed.

        vared-train explain runs/a clip.mp4 --output clip.svg
      """)

  @Argument(help: "Checkpoint, or the folder of a run (its newest whole one).")
  var checkpoint: String

  @Argument(help: "Video, or folder of numbered pictures; its centre clip is taken.")
  var clip: String

  @Option(help: ArgumentHelp("SVG file to write.", valueName: "file.svg"))
  var output = "explanation.svg"

  @OptionGroup var resources: SettingFlags<Threads>

  func run() throws {
    let explanation = Explanation(
      checkpoint: checkpoint, clip: clip, output: output,
      resources: resources.settings.resources)
    try Terminal.show(try explanation.run())
  }
}
