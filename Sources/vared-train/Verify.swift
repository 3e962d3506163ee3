// `vared-train verify`: whether checkpoints are whole.

import ArgumentParser
import VARedTraining

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks checkpoints: seal, finite numbers, shapes; one line each.",
    discussion: """
      Example: vared-train verify runs/a runs/b/checkpoints/step-00000500.h5

      The exit status is 2 when one is bad.
      """)

  @Argument(help: "Checkpoints, or folders of runs (all checkpoints in them).")
  var checkpoints: [String]

  func run() throws {
    let verification = CheckpointVerification(checkpoints)
    try verification.lines.forEach { try Launch.show($0) }
    if verification.badCount > 0 { throw ExitCode(ExitStatus.mendable) }
  }
}
