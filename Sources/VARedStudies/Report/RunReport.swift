// `vared-train report`: runs as one page for a browser.

import Foundation
import VARedTraining

/// Makes the page.
public struct RunReport: Sendable {
  /// Folders of runs.
  public var runs: [String]
  /// The HTML file to write.
  public var output: String

  /// Runs of one report at most.
  static let mostRuns = 16

  /// What to report on.
  public init(runs: [String], output: String) {
    self.runs = runs
    self.output = output
  }

  /// Writes the page; whole or not at all.
  ///
  /// - Returns: one line that says what was done.
  /// - Throws: `ConfigurationError`, or `FileError` about the first run that cannot be read; the
  ///   others are said before.
  public func run() throws -> String {
    try Launch.requireOneProcess(for: "report")
    guard (1...Self.mostRuns).contains(runs.count) else {
      throw ConfigurationError("report: expected 1 to \(Self.mostRuns) runs, found \(runs.count)")
    }
    try OutputFiles.requireWritable(output, beside: runs.flatMap(Self.inputs))
    let read = try readAll()
    let page = try ReportPage(ReportContent(read).members).html
    try AtomicFile.writeOutput(output, text: page)
    let clips = read.reduce(0) { $0 + $1.clips.count }
    return "\(read.count) run\(read.count == 1 ? "" : "s"), \(clips) clips: \(output)"
  }

  /// Every run that cannot be read is said; the last of them is thrown.
  private func readAll() throws -> [ReportedRun] {
    var (read, failures): ([ReportedRun], [any Error]) = ([], [])
    for path in runs {
      do { read.append(try ReportedRun(path: path)) } catch { failures.append(error) }
    }
    guard let last = failures.last else { return read }
    for failure in failures.dropLast() { Terminal.warn("error: \(failure)") }
    throw last
  }

  private static func inputs(_ run: String) -> [String] {
    let folder = RunFolder(path: run)
    return Checkpoint.files(run) + [
      folder.configurationFile, folder.metricsFile, folder.evaluationFile, folder.clipsFile,
      folder.badClipsFile,
    ]
  }
}
