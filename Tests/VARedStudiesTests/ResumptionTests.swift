// `verify-resume`: equal runs are said to be, and a run that differs is found.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport

@testable import VARedStudies
@testable import VARedTraining

@Suite(.serialized) struct ResumptionTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
    try FileManager.default.createDirectory(
      atPath: scratch("temporary"), withIntermediateDirectories: true)
  }

  /// The program starts `mpirun` by itself, in a place of its own for temporary folders.
  private func verify(_ flags: [String], output: String? = nil, ranks: Int? = nil) throws
    -> LaunchResult
  {
    var flags = ["verify-resume"] + arguments("run", flags)
    if output == nil, let place = flags.firstIndex(of: "--output") {
      flags.removeSubrange(place...(place + 1))
    }
    var launch = launch(flags, ranks: ranks)
    launch.environment = [
      "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
      "OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
      "OMPI_MCA_hwloc_base_binding_policy": "none", "TMPDIR": scratch("temporary"),
    ]
    return try launch.run()
  }

  private func left() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: scratch("temporary"))
      .filter { $0.hasPrefix("vared-verify-resume-") }
  }

  /// Two ranks, three steps of six; then six ranks with two clips each.
  @Test func aReproducibleRunIsEqual() throws {
    let result = try verify([
      "--reproducible", "--batch", "6", "--epochs", "7", "--target-ratio", "0.6", "--other-ranks",
      "3",
    ])
    #expect(result.status == 0, "\(result)")
    let lines = result.stdout.split(separator: "\n").map {
      $0.split(separator: " ").joined(separator: " ")
    }
    #expect(lines.contains { $0.hasPrefix("2 ranks, 6 steps straight ") && $0.contains("numbers") })
    #expect(lines.contains("2 ranks to step 3, then 3 equal"), "\(result)")
    #expect(lines.contains("2 ranks, stopped after step 3, resumed equal"), "\(result)")
    #expect(lines.last == "equal to the bit, with 1 threads a rank", "\(result)")
    #expect(try left().isEmpty)
  }

  /// One process, from a checkpoint on; the runs stay where they were asked for.
  @Test func fromACheckpointInAFolderOfItsOwn() throws {
    let before = try launch(arguments("before", ["--step-limit", "2"])).run()
    #expect(before.status == 75, "\(before)")
    let begin = scratch("before/checkpoints/step-00000002.h5")
    let result = try verify(
      ["--ranks", "1", "--steps", "5", "--resume", begin, "--launcher", "no-such-program"],
      output: "run")
    #expect(result.status == 0, "\(result)")
    #expect(result.stdout.contains("1 rank, stopped after step 4, resumed"), "\(result)")
    #expect(result.stdout.contains("another number of ranks was not tried"), "\(result)")
    for run in ["straight", "stopped"] {
      #expect(try newest("run/\(run)").header.position.step == 7)
    }
  }

  /// A launcher that changes a setting behind the program's back, once there is a checkpoint.
  @Test func aRunThatDiffersIsFound() throws {
    try scratch.write(
      "launcher",
      """
      #!/bin/sh
      for settings; do :; done
      [ -e "${settings%.yaml}/checkpoints/step-00000001.h5" ] &&
        sed -i 's/^momentum: .*/momentum: 0.5/' "$settings"
      exec mpirun "$@"

      """)
    chmod(scratch("launcher"), 0o755)
    let result = try verify(["--steps", "3", "--launcher", scratch("launcher")])
    #expect(result.status == 1, "\(result)")
    let line = try #require(result.stdout.split(separator: "\n").first { $0.contains("resumed ") })
    #expect(line.contains("/model/") && line.contains(", expected "), "\(result)")
    #expect(result.stdout.contains("NOT equal, with 1 threads a rank; see "), "\(result)")
    let kept = try #require(try left().first)
    let settings = try scratch.text("temporary/\(kept)/stopped.yaml")
    #expect(settings.contains("momentum: 0.5"))
  }

  @Test(arguments: [
    (["--steps", "1"], "error: --steps: expected a whole number from 2"),
    (["--ranks", "0"], "error: --ranks: expected a whole number from 1"),
    (["--other-ranks", "3"], "error: --other-ranks: expected --reproducible"),
    (["--reproducible", "--other-ranks", "3"], "a divisor of the 8 clips of a step, found 3"),
    (["--width", "99"], "error: --width: expected"),
    (["--launcher", "no-such-program"], "error: --launcher: expected a program that starts ranks"),
    (
      ["--steps", "9", "--epochs", "4"], "error: --steps: expected at most the steps that the whole"
    ),
    (["--data", "/none.csv"], "straight: "),
  ])
  func whatCannotBeTriedIsRefused(_ flags: [String], _ words: String) throws {
    let result = try verify(flags)
    #expect(result.status == 2 && result.stderr.contains(words), "\(result)")
    #expect(try left().isEmpty)
  }

  @Test func underMpirunItSaysHowToStartIt() throws {
    let result = try verify([], ranks: 1)
    #expect(result.status == 2, "\(result)")
    #expect(result.stderr.contains("start it as one process without mpirun"), "\(result)")
  }

  @Test func theNearestNumberOfRanksIsTaken() throws {
    func other(_ ranks: Int, _ batch: Int) throws -> Int? {
      var settings = ResumptionSettings()
      settings.training.reproducible = true
      settings.training.resources.batch = batch
      settings.ranks = ranks
      return try ResumptionCheck.otherRanks(settings)
    }
    #expect(try other(2, 8) == 4)
    #expect(try other(2, 6) == 3)
    #expect(try other(3, 2) == 2)
    #expect(try other(1, 1) == nil)
  }
}
