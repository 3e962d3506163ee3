// `train`: how the network learns.

import ArgumentParser
import VARedTraining

struct OptimisationOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Clips per rank and step (default: 8).", valueName: "clips"))
  var batch: Int?

  @Option(help: ArgumentHelp("Passes over the training clips (default: 30).", valueName: "count"))
  var epochs: Int?

  @Option(
    help: ArgumentHelp(
      "Peak learning rate; falls to 0 as half a cosine (default: 0.01).", valueName: "rate"))
  var learningRate: Double?

  @Option(
    help: ArgumentHelp(
      "Epochs in which the learning rate rises linearly to its peak (default: 1.0).",
      valueName: "epochs"))
  var warmupEpochs: Double?

  @Option(help: ArgumentHelp("Nesterov momentum (default: 0.9).", valueName: "factor"))
  var momentum: Double?

  @Option(
    help: ArgumentHelp(
      "Weight decay; none on batch norm, biases and gates (default: 0.0001).", valueName: "rate"))
  var weightDecay: Double?

  @Flag(
    inversion: .prefixedNo,
    help: "Batch-norm statistics over all ranks, or each rank's own (default: --sync-bn).")
  var syncBn: Bool?

  @Option(
    help: ArgumentHelp("Where all randomness comes from (default: 1).", valueName: "number"))
  var seed: Int?

  func apply(to settings: inout TrainingConfiguration) {
    overlay(&settings.batch, batch)
    overlay(&settings.epochs, epochs)
    overlay(&settings.learningRate, learningRate)
    overlay(&settings.warmupEpochs, warmupEpochs)
    overlay(&settings.momentum, momentum)
    overlay(&settings.weightDecay, weightDecay)
    overlay(&settings.syncBN, syncBn)
    overlay(&settings.seed, seed)
  }
}
