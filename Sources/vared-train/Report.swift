// `vared-train report`: runs as a page to look at.

import ArgumentParser
import VARedStudies
import VARedTraining

struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a page about one run or several: curves, decisions, costly and cheap clips.",
    discussion: """
      One HTML file for any browser; it needs no network. Of a run's folder it reads config.yaml, \
      metrics.jsonl, evaluation.json, clips.csv and bad-clips.csv, and of the data the clips that it \
      shows. Evaluations of a training write the third and fourth; so does evaluate:

        vared-train report runs/a
        vared-train report runs/fixed runs/a runs/b --output compared.html
        vared-train evaluate --checkpoint runs/a --data videos/labels.csv --views video \\
          --report runs/a/evaluation.json --clips runs/a/clips.csv
      """)

  @Argument(help: "Folders of runs (--output of a training), 1 to 16.")
  var runs: [String]

  @Option(help: ArgumentHelp("HTML file to write.", valueName: "file.html"))
  var output = "report.html"

  @OptionGroup var saying: SettingFlags<Saying>

  func run() throws {
    Terminal.verbosity = saying.settings.verbosity
    try Terminal.show(try RunReport(runs: runs, output: output).run())
  }
}
