// `train`: how gates learn to save (dynamic networks only).

import ArgumentParser
import VARedTraining

struct AdaptationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Share of the convolutions' MACs to execute on average, e.g. 0.6: the weight of the cost is "
        + "steered to it; 0: no target (default: 0).", valueName: "ratio"))
  var targetRatio: Double?

  @Option(
    help: ArgumentHelp(
      "Weight of the computation cost in the loss, lambda; with a target, where it starts (default: "
        + "0.8).", valueName: "weight"))
  var costWeight: Double?

  @Option(
    help: ArgumentHelp(
      "What the loss charges: linear (mean over candidates) or saturating (close to what is "
        + "executed) (default: linear).", valueName: "form"))
  var costForm: CostKind?

  @Option(
    help: ArgumentHelp(
      "Kappa of the saturating cost; the smaller, the closer (default: 0.1).", valueName: "kappa"))
  var costKappa: Double?

  @Option(
    help: ArgumentHelp(
      "The label's probability from which on a correctly answered clip is charged; 0: all of them "
        + "(default: 0).", valueName: "probability"))
  var costConfidence: Double?

  @Option(
    help: ArgumentHelp(
      "Power of a clip's cost in the loss: 2 presses most where most is computed, 1 everywhere alike "
        + "(default: 2).", valueName: "power"))
  var costPower: Double?

  @Option(
    help: ArgumentHelp(
      "Part of the joint stage in which the cost comes in (default: 0.5).", valueName: "part"))
  var costRamp: Double?

  @Option(
    help: ArgumentHelp(
      "The gates' learning rate as a factor of the network's (default: 0.3).", valueName: "factor"))
  var gateRate: Double?

  @Option(
    help: ArgumentHelp(
      "Share of all steps in the first stage: gates held at full computation (default: 0.3).",
      valueName: "share"))
  var warmupShare: Double?

  @Option(
    help: ArgumentHelp(
      "Share of the clips that take random candidates in that stage, reached half-way through it "
        + "(default: 0.5).",
      valueName: "share"))
  var warmupSampling: Double?

  @Option(
    help: ArgumentHelp(
      "Share of all steps in the last stage: gates frozen, no cost (default: 0.2).",
      valueName: "share"))
  var finetuneShare: Double?

  @Option(
    help: ArgumentHelp(
      "Who decides after the first stage: gates, or one rule for every clip: full, half-frames, "
        + "half-channels, half (of both), random (of mean cost --target-ratio) (default: gates).",
      valueName: "mode"))
  var policy: PolicyMode?

  func apply(to settings: inout TrainingConfiguration) {
    overlay(&settings.targetRatio, targetRatio)
    overlay(&settings.costWeight, costWeight)
    overlay(&settings.costForm, costForm)
    overlay(&settings.costKappa, costKappa)
    overlay(&settings.costConfidence, costConfidence)
    overlay(&settings.costPower, costPower)
    overlay(&settings.costRamp, costRamp)
    overlay(&settings.gateRate, gateRate)
    overlay(&settings.warmupShare, warmupShare)
    overlay(&settings.warmupSampling, warmupSampling)
    overlay(&settings.finetuneShare, finetuneShare)
    overlay(&settings.policy, policy)
  }
}
