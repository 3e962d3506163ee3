// `--reproducible`: the same run on any number of ranks, to the bit.

import Testing
import TrainingTestSupport

@testable import VARedTraining

@Suite(.serialized) struct ReproducibleTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips(train: 30, val: 2)
  }

  /// Twelve clips a step, whatever the number of ranks: gates, λ, mixed labels and colours.
  private func arguments(_ output: String, ranks: Int, _ more: [String]) -> [String] {
    arguments(
      output,
      [
        "--batch", String(12 / ranks), "--epochs", "4", "--reproducible", "--warmup-share", "0.1",
        "--target-ratio", "0.6", "--motion-energy", "--color-jitter", "0.2,0.2,0.2", "--mixup",
        "0.2",
        "--evaluate-every", "0",
      ] + more)
  }

  private func expectSame(_ found: Checkpoint, _ expected: Checkpoint, _ what: String) {
    #expect(found.header.position == expected.header.position, "\(what)")
    #expect(found.header.costMemory == expected.header.costMemory, "\(what)")
    #expect(found.model == expected.model, "\(what)")
    #expect(found.momentum == expected.momentum, "\(what)")
  }

  @Test(arguments: ["dynamic", "sparsemax", "fixed", "x3d-m", "dynamic-x3d-m"])
  func anyNumberOfRanksGivesTheSameBits(_ network: String) throws {
    let more =
      switch network {
      case "fixed": ["--network", "fixed", "--target-ratio", "0"]
      case "x3d-m":
        [
          "--model", network, "--network", "fixed", "--target-ratio", "0", "--dropout", "0.5",
        ]
      case "dynamic-x3d-m": ["--model", "x3d-m", "--dropout", "0.5"]
      case "sparsemax": ["--gate-form", "sparsemax", "--balance", "cost"]
      default: ["--network", "dynamic"]
      }
    _ = try run(arguments("one", ranks: 1, more))
    let expected = try newest("one")
    #expect(expected.header.position.step == 8)
    for ranks in [2, 3, 4] {
      _ = try run(arguments("ranks-\(ranks)", ranks: ranks, more), ranks: ranks)
      expectSame(try newest("ranks-\(ranks)"), expected, "\(ranks) ranks")
    }
    // Begun with two ranks, gone on with three in the middle of an epoch.
    let part = more + ["--checkpoint-every", "1", "--keep-checkpoints", "0"]
    _ = try run(arguments("parts", ranks: 2, part), ranks: 2)
    let middle = ["--resume", scratch("parts/checkpoints/step-00000003.h5")]
    _ = try run(arguments("branch", ranks: 3, part + middle), ranks: 3)
    expectSame(try newest("branch"), expected, "resumed with another number of ranks")
  }

  @Test func whatCannotBeReproducibleIsRefused() throws {
    let own = try launch(arguments("own", ranks: 1, ["--no-sync-bn"])).run()
    #expect(own.status == 2 && own.stderr.contains("sync-bn: expected true"), "\(own)")
  }
}
