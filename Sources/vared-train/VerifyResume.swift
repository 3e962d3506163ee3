// `vared-train verify-resume`: whether a run that is interrupted comes out as one that is not.

import ArgumentParser
import VARedStudies
import VARedTraining

struct VerifyResume: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify-resume",
    abstract: "Trains a few steps straight and interrupted, and compares the results bit by bit.",
    discussion: """
      Takes the flags of train, and starts the ranks by itself:

        vared-train verify-resume --ranks 8 --config recipe.yaml

      Trains --steps steps straight; again, stopped half-way with a checkpoint and resumed; and, with \
      --reproducible, resumed on another number of ranks. Prints for each whether parameters, running \
      statistics, momentum and the place in the data are equal to the bit, or the first element that \
      differs. Runs and logs are kept in DIR of --output DIR, without it only where something differs \
      or fails.

      The exit status is 0 when all are equal, 1 when one differs or fails, 2 for something you have \
      to mend.
      """)

  @Option(help: ArgumentHelp("Steps of each run, 2 or more.", valueName: "count"))
  var steps = ResumptionSettings().steps

  @Option(help: ArgumentHelp("Ranks of the runs.", valueName: "count"))
  var ranks = ResumptionSettings().ranks

  @Option(
    help: ArgumentHelp(
      "Ranks that half of a --reproducible run goes on with, a divisor of ranks x batch (default: the "
        + "nearest).", valueName: "count"))
  var otherRanks: Int?

  @Option(
    help: ArgumentHelp(
      "Command that starts ranks, e.g. 'srun --mpi=pmix'; -n and the program follow it.",
      valueName: "command"))
  var launcher = ResumptionSettings().launcher

  @OptionGroup var training: TrainingOptions

  func run() throws {
    var settings = ResumptionSettings()
    settings.training = try training.settings()
    settings.steps = steps
    settings.ranks = ranks
    settings.otherRanks = otherRanks
    settings.launcher = launcher
    if try !ResumptionCheck.run(settings) { throw ExitCode(ExitStatus.failure) }
    try Launch.requireLogWritten()
  }
}
