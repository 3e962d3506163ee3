// `vared-train predict`: a checkpoint on tensors.

import ArgumentParser
import VARedStudies
import VARedTraining

struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs a checkpoint on normalized clips of an HDF5 file.",
    discussion: """
      The input holds /clips, float32 [N,3,T,H,W], normalized with Kinetics' mean and deviation. The \
      output holds /logits [N,classes], /executed_macs [N] (int64) and for every dynamic convolution \
      /gates/<layer>/temporal [N,St] and /gates/<layer>/channel [N,Sc].

        vared-train predict --checkpoint runs/a --input in.h5 --output out.h5
      """)

  @Option(
    help: ArgumentHelp(
      "Checkpoint, or the folder of a run (its newest whole one).", valueName: "path"))
  var checkpoint: String

  @Option(help: ArgumentHelp("HDF5 file with /clips.", valueName: "in.h5"))
  var input: String

  @Option(help: ArgumentHelp("HDF5 file to write.", valueName: "out.h5"))
  var output: String

  @OptionGroup var resources: SettingFlags<Computing>

  func run() throws {
    let prediction = Prediction(
      checkpoint: checkpoint, input: input, output: output,
      resources: resources.settings.resources)
    try Terminal.show(try prediction.run())
  }
}
