// `vared-train synthesize`: a small labelled set of real video files.

import ArgumentParser
import VARedStudies
import VARedTraining

struct Synthesize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a small labelled set of videos of moving shapes.",
    discussion: """
      A class is a shape and a motion: still, left-right, up-down, grow or vibrate. A single frame \
      tells the shape but not the motion.

        vared-train synthesize --output clips --train 60 --val 15
      """)

  @Option(help: ArgumentHelp("Folder to write into.", valueName: "dir"), completion: .directory)
  var output: String

  @Option(
    help: ArgumentHelp(
      "Shapes of the set, of circle, square, triangle, cross, separated by commas.",
      valueName: "names"))
  var shapes = "circle,cross"

  @Option(help: ArgumentHelp("Training clips of each class.", valueName: "clips"))
  var train = 40

  @Option(help: ArgumentHelp("Validation clips of each class.", valueName: "clips"))
  var val = 10

  @Option(help: ArgumentHelp("Frames of each video.", valueName: "frames"))
  var frames = 16

  @Option(help: ArgumentHelp("Width and height of each video, even.", valueName: "pixels"))
  var size = 64

  @Option(
    help: ArgumentHelp(
      "Camera noise, as a multiple of the usual 1 to 4 grey levels of 255.", valueName: "factor"))
  var noise = 1.0

  @Option(
    help: ArgumentHelp(
      """
      Noise of the noisiest clips; each clip's is drawn from --noise to this, evenly on a \
      logarithmic scale; 0: all alike.
      """, valueName: "factor"))
  var noiseTo = 0.0

  @Option(help: ArgumentHelp("Where all randomness comes from.", valueName: "number"))
  var seed = 1

  func run() throws {
    let set = Synthesis(
      output: output, shapes: shapes, train: train, val: val, frames: frames, size: size,
      noise: noise, noiseTo: noiseTo, seed: seed)
    try Terminal.show(try set.run())
  }
}
