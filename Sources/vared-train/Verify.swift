// `vared-train verify`: whether checkpoints are whole.

import ArgumentParser
import VARedTraining

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks checkpoints: seal, finite numbers, shapes; one line each.",
    discussion: """
      Examples:

        vared-train verify runs/a runs/b/checkpoints/step-00000500.h5
        vared-train verify runs/a --against runs/b

      The exit status is 2 when one is bad, 1 when all are good and one differs from that of --against.
      """)

  @Argument(help: "Checkpoints, or folders of runs (all checkpoints in them).")
  var checkpoints: [String]

  @Option(
    help: ArgumentHelp(
      "Checkpoint, or folder of a run (its newest), that the newest of each is compared with, bit by "
        + "bit: parameters, running statistics, momentum, and how far the run had come.",
      valueName: "path"))
  var against: String?

  func run() throws {
    var verification = CheckpointVerification(checkpoints)
    if let against { verification.compare(checkpoints, with: against) }
    try verification.lines.forEach { try Terminal.show($0) }
    if verification.badCount > 0 { throw ExitCode(ExitStatus.mendable) }
    if verification.differingCount > 0 { throw ExitCode(ExitStatus.failure) }
  }
}
