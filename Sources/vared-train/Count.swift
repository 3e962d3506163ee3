// `vared-train count`: what every layer has and executes.

import ArgumentParser
import VARedStudies
import VARedTraining

struct Count: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Counts parameters, MACs and FLOPs of every layer, as they are executed.",
    discussion: """
      Examples:

        vared-train count --network fixed --frames 8 --size 112
        vared-train count --policy full --policy half-frames --json
        vared-train count --checkpoint runs/a --data clips/labels.csv

      'fixed' is the fixed network of the same shape, by its shapes alone; everything else was recorded \
      by the operations of a run. What counts as what: docs/METHOD.md, section 3.
      """)

  @OptionGroup var network: SettingFlags<Shape>

  @Option(help: ArgumentHelp("Output classes.", valueName: "count"))
  var classes = 400

  @Option(
    help: ArgumentHelp(
      "What dynamic layers compute: full, half (of channels and frames), half-channels, half-frames, "
        + "random, or what the gates say (no gate runs otherwise); give it again for another column "
        + "(default: full and half).",
      valueName: "policy"))
  var policy: [PolicyMode] = []

  @Option(
    help: ArgumentHelp(
      "Checkpoint, or the folder of a run, whose network is counted.", valueName: "path"))
  var checkpoint: String?

  @Option(
    help: ArgumentHelp(
      "What candidates take, for seconds beside MACs and the candidates that save some: "
        + "candidate-seconds.json of a run, or the run's folder; a checkpoint has its own.",
      valueName: "path"))
  var costTable: String?

  @OptionGroup var source: OptionalDataOptions

  @Option(help: ArgumentHelp("train or val.", valueName: "split"))
  var split = Split.val

  @OptionGroup var resources: SettingFlags<Threads>

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  func run() throws {
    var settings = CountSettings()
    settings.network = network.settings
    settings.classes = classes
    settings.checkpoint = checkpoint
    settings.costTable = costTable
    settings.data = source.data
    settings.videos = source.videos
    settings.split = split
    settings.policies = policy
    settings.resources = resources.settings.resources
    let report = try OperationCounting(settings).run()
    try Terminal.show(json ? try report.json() : report.table)
  }
}
