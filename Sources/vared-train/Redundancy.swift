// `vared-train redundancy`: how redundant a checkpoint's features are.

import ArgumentParser
import VARedStudies
import VARedTraining

struct Redundancy: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures how redundant a checkpoint's features are along time and channels.",
    discussion: """
      Of the output of every convolution of the residual blocks, before batch norm and with \
      everything computed whatever gates say, per layer:

      frames r: Pearson's correlation of a channel's pixels in frames t and t+1; mean over t, \
      channels, clips (+-: deviation over clips).
      frames error: ||x[t+1] - x[t]|| / ||x[t+1]|| over channels and pixels; mean over t and clips.
      channels best |r|: of each channel of the second half with the channel of the first half that \
      it correlates with most, over all clips, frames and pixels; mean over channels.
      channels error: sqrt(1 - r^2) of the same, what the best line a*x + b leaves.
      channels |r|>0.8: share of pairs (one of each half) above --threshold.

      '-' stands where there is no number, as for neighbours of a single frame. Example:

        vared-train redundancy --checkpoint runs/a --data clips/labels.csv --svg redundancy.svg
      """)

  @OptionGroup var subject: SubjectOptions

  @Option(
    help: ArgumentHelp("Clips at most, spread evenly over the split.", valueName: "count"))
  var clips = 100

  @Option(
    help: ArgumentHelp("|r| above which two channels count as alike.", valueName: "r"))
  var threshold = 0.8

  @OptionGroup var resources: SettingFlags<Decoding>

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  @Option(help: ArgumentHelp("Also write a line per layer as CSV.", valueName: "file.csv"))
  var csv: String?

  @Option(help: ArgumentHelp("Also draw the numbers.", valueName: "file.svg"))
  var svg: String?

  func run() throws {
    var run = RedundancyRun()
    run.checkpoint = subject.checkpoint
    run.data = subject.source.data
    run.videos = subject.source.videos
    run.split = subject.split
    run.clips = clips
    run.threshold = threshold
    run.resources = resources.settings.resources
    run.csv = csv
    run.svg = svg
    Terminal.verbosity = resources.settings.verbosity
    let report = try run.run()
    try Terminal.show(json ? report.json : report.table)
  }
}
