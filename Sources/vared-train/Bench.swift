// `vared-train bench`: how fast the engine is here.

import ArgumentParser
import VARedTraining

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Times training steps and inference on random clips, and says where the time goes.",
    discussion: """
      Example: vared-train bench --network fixed --batch 8 --frames 8 --size 112 --threads 1
      """)

  @OptionGroup var network: NetworkOptions

  @Option(help: ArgumentHelp("Frames of a clip (default: 8).", valueName: "count"))
  var frames: Int?

  @Option(help: ArgumentHelp("Height and width of a clip (default: 112).", valueName: "pixels"))
  var size: Int?

  @Option(help: ArgumentHelp("Clips in a step (default: 8).", valueName: "count"))
  var batch: Int?

  @Option(
    help: ArgumentHelp("Compute threads; 0: the cores it may use (default: 0).", valueName: "count")
  )
  var threads: Int?

  @Option(help: ArgumentHelp("Timed steps of each kind.", valueName: "count"))
  var iterations = 5

  @Option(
    help: ArgumentHelp(
      "What dynamic layers compute: full, half (of channels and frames), half-channels, half-frames, "
        + "or what the gates say.", valueName: "policy"))
  var policy = PolicyMode.gates

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  func run() throws {
    var settings = TrainingConfiguration()
    network.apply(to: &settings)
    overlay(&settings.frames, frames)
    overlay(&settings.size, size)
    overlay(&settings.batch, batch)
    overlay(&settings.threads, threads)
    let report = try Benchmark(settings, policy: policy, iterations: iterations).run()
    print(json ? try report.json() : report.table)
  }
}
