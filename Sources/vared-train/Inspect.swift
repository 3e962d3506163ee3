// `vared-train inspect`: what is in a checkpoint.

import ArgumentParser
import VARedStudies
import VARedTraining

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what is in a checkpoint: model, step, parameters, configuration.",
    discussion: "Example: vared-train inspect runs/a/checkpoints/step-00000500.h5")

  @Argument(help: "Checkpoint, or the folder of a run (its newest whole one).")
  var checkpoint: String

  func run() throws {
    try Terminal.show(try Inspection.describe(checkpoint))
  }
}
