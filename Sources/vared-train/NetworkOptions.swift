// `train`: what network is built.

import ArgumentParser
import VARedTraining

struct NetworkOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("r2plus1d-18 or r2plus1d-34 (default: r2plus1d-18).", valueName: "name"))
  var model: Architecture?

  @Option(help: ArgumentHelp("Channel multiplier (default: 1.0).", valueName: "factor"))
  var width: Double?

  @Option(
    help: ArgumentHelp(
      "dynamic (computes what each clip needs) or fixed (the baseline) (default: dynamic).",
      valueName: "kind"))
  var network: NetworkKind?

  @Option(
    help: ArgumentHelp(
      "Temporal candidates of a dynamic convolution: all, half, a quarter … of the frames "
        + "(default: 2).", valueName: "count"))
  var temporalCandidates: Int?

  @Option(
    help: ArgumentHelp(
      "Channel candidates of a dynamic convolution: all, half, a quarter … of the channels "
        + "(default: 2).", valueName: "count"))
  var channelCandidates: Int?

  @Option(
    help: ArgumentHelp(
      "Gate outputs: normalised (weights that sum to 1) or published (default: normalised).",
      valueName: "form"))
  var gateForm: GateForm?

  @Option(help: ArgumentHelp("Hidden units of a gate (default: 32).", valueName: "units"))
  var gateHidden: Int?

  @Flag(
    inversion: .prefixedNo,
    help: "Gates see how much their input moves, beside its means (default: --no-motion-energy).")
  var motionEnergy: Bool?

  @Option(
    help: ArgumentHelp(
      "HDF5 file of weights to start from: a checkpoint, or datasets named as in PyTorch; what is "
        + "not in it is said. Ignored when the run is resumed.", valueName: "weights.h5"))
  var initialise: String?

  func apply(to settings: inout TrainingConfiguration) {
    overlay(&settings.model, model)
    overlay(&settings.width, width)
    overlay(&settings.network, network)
    overlay(&settings.temporalCandidates, temporalCandidates)
    overlay(&settings.channelCandidates, channelCandidates)
    overlay(&settings.gateForm, gateForm)
    overlay(&settings.gateHidden, gateHidden)
    overlay(&settings.motionEnergy, motionEnergy)
    if let initialise { settings.initialise = initialise }
  }
}
