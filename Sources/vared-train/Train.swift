// `vared-train train`: the flags of the main job.

import ArgumentParser
import VARedTraining

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains a network (the default subcommand).",
    discussion: """
      On one machine:

        mpirun -n 2 vared-train --data clips/labels.csv --output runs/a --width 0.5 --epochs 20

      The same command, given again, goes on where the run stopped; with more --epochs it trains \
      longer. SIGUSR1, SIGTERM, the time limit (--time-limit, or the scheduler's) and --step-limit end \
      a run in order: a checkpoint is written and the exit status is 75 (130 for SIGINT): give the \
      command again. Under mpirun use SIGUSR1: mpirun itself ends its ranks on the others. Other statuses: \
      0 all done, 1 the job failed, 2 something for you to mend.

      In DIR of --output DIR: config.yaml (all settings), metrics.jsonl (a JSON object for every step, \
      evaluation and epoch), bad-clips.csv, checkpoints/step-NNNNNNNN.h5.

      Every flag can be given in a YAML file instead, under the same name (batch: 8); flags win.
      """)

  @OptionGroup var training: TrainingOptions

  func run() throws {
    let end = TrainingRun.launch { try training.settings() }
    if end.exitStatus != 0 { throw ExitCode(end.exitStatus) }
    try Launch.requireLogWritten()
  }
}
