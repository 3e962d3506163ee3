// `train`: what of the machine is used.

import ArgumentParser
import VARedTraining

struct MachineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Compute threads per rank; 0: the cores this rank may use, shared with the ranks beside it "
        + "(default: 0).", valueName: "count"))
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "Decoding threads per rank; 0: as many as compute threads, at most 4 (default: 0).",
      valueName: "count"))
  var dataThreads: Int?

  @Option(
    help: ArgumentHelp(
      "Seconds without progress after which the job is ended; 0: never (default: 600).",
      valueName: "seconds"))
  var stallTimeout: Double?

  func apply(to settings: inout TrainingConfiguration) {
    overlay(&settings.threads, threads)
    overlay(&settings.dataThreads, dataThreads)
    overlay(&settings.stallTimeout, stallTimeout)
  }
}
