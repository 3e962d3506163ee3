// `vared-train bench`: how fast the engine is here.

import ArgumentParser
import VARedStudies
import VARedTraining

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Times training steps and inference, and says where the time goes.",
    discussion: """
      Examples:

        vared-train bench --network fixed --batch 8 --frames 8 --size 112 --threads 1
        vared-train bench --policy full --policy half --policy half-frames
        vared-train bench --checkpoint runs/a --data clips/labels.csv --policy full --policy gates
        vared-train bench --data prepared --split train --loading 1000

      Policies take turns, step by step. Training steps have a learning rate of 0; in them gates take \
      the statistics of the step's clips, and so may decide otherwise than in inference. What a trained \
      gate decides on random clips says little: give it clips.
      """)

  @OptionGroup var network: SettingFlags<Shape>

  @Option(
    help: ArgumentHelp(
      "Checkpoint, or the folder of a run, whose network is timed instead of one of random weights.",
      valueName: "path"))
  var checkpoint: String?

  @OptionGroup var source: OptionalDataOptions

  @Option(help: ArgumentHelp("train or val, of --data (default: val).", valueName: "split"))
  var split: Split?

  @Option(
    help: ArgumentHelp(
      "Also time the loading of so many clips of --data, augmented, on one thread.",
      valueName: "clips"))
  var loading = 0

  @OptionGroup var resources: SettingFlags<Computing>

  @Option(help: ArgumentHelp("Timed steps of each kind.", valueName: "count"))
  var iterations = 5

  @Option(
    help: ArgumentHelp(
      "What dynamic layers compute: full, half (of channels and frames), half-channels, half-frames, "
        + "random, or what the gates say; give it again for another to take turns with "
        + "(default: gates).", valueName: "policy"))
  var policy: [PolicyMode] = []

  @Option(
    help: ArgumentHelp(
      "What --policy random costs on average: a share of the dynamic convolutions' MACs, or, of a "
        + "checkpoint whose costs are seconds, of the fixed network's; 0: all candidates are drawn alike.",
      valueName: "ratio"))
  var targetRatio = 0.0

  @Flag(help: "Print a JSON object for each policy, one a line, instead of tables.")
  var json = false

  func run() throws {
    var settings = BenchmarkSettings()
    settings.network = { network.apply(to: &$0) }
    settings.checkpoint = checkpoint
    settings.data = source.data
    settings.videos = source.videos
    settings.split = split
    settings.loading = loading
    settings.resources = resources.settings.resources
    settings.policies = policy
    settings.targetRatio = targetRatio
    settings.iterations = iterations
    let reports = try Benchmark(settings).run()
    try Terminal.show(
      try reports.map { json ? try $0.json() : $0.table }.joined(separator: json ? "\n" : "\n\n"))
  }
}
