// `vared-train doctor`: the machines of a job, before it starts.

import ArgumentParser
import VARedStudies
import VARedTraining

struct Diagnose: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Says whether a job's machines are ready for a run, and how long it will take.",
    discussion: """
      Takes the flags of train, and is started as train would be:

        mpirun -n 8 vared-train doctor --config recipe.yaml --output runs/a

      Prints hosts, threads, memory, the output's file system, speed of computing, decoding and sums \
      over ranks, predicted seconds of a step and an epoch on up to 1024 times the ranks, and \
      warnings. Takes about a minute; without --data nothing is decoded, without --output nothing is \
      written.
      """)

  @OptionGroup var training: TrainingOptions

  func run() throws {
    Doctor.launch { try training.settings() }
    try Launch.requireLogWritten()
  }
}
