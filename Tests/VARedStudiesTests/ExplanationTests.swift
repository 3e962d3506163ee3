// `explain`: that it says of a video what `evaluate` says of it, and draws what it says.

import Foundation
#if canImport(FoundationXML)
  import FoundationXML
#endif
import TestSupport
import Testing
import TrainingTestSupport

@testable import VARedStudies
@testable import VARedTraining

@Suite(.serialized) struct ExplanationTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    _ = try RankLaunch(
      "vared-train",
      [
        "synthesize", "--output", scratch("shapes"), "--train", "2", "--val", "1", "--size", "32",
      ], ranks: nil
    ).run()
    clips = scratch("shapes/labels.csv")
  }

  @Test func aVideoIsWhatEvaluateSaysOfIt() throws {
    _ = try run(arguments("run", ["--epochs", "1"]))
    _ = try run([
      "evaluate", "--checkpoint", scratch("run"), "--data", clips, "--threads", "1", "--batch", "1",
      "--clips", scratch("c.csv"),
    ])
    let row = try #require(try ClipTable(path: scratch("c.csv")).rows.first)
    // A name that XML could take for its own.
    let name = "<b>\"&.mp4"
    try FileManager.default.copyItem(
      atPath: scratch("shapes/\(row.path)"), toPath: scratch(name))
    let explain = ["explain", scratch("run"), scratch(name), "--threads", "1"]
    let said = try run(explain + ["--output", scratch("e.svg")]).stdout
    let lines = said.split(separator: "\n").map {
      $0.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
    }
    let answer = try #require(lines.first { $0.first == "answer" })
    #expect(answer[1] == String(format: "%.4f", row.probability ?? -1))
    #expect(answer[2] == row.prediction)
    let cost = try #require(lines.first { $0.first == "computation" })
    #expect(cost[1] == String(format: "%.4f", (row.executedMACs ?? 0) / 1e9))
    let ratio = try #require(lines.first { $0.starts(with: ["conv", "ratio"]) })
    #expect(ratio[2] == String(format: "%.4f", row.convRatio ?? -1))

    let svg = try scratch.text("e.svg")
    #expect(XMLParser(data: Data(svg.utf8)).parse())
    #expect(svg.components(separatedBy: "<image ").count - 1 == 4)
    #expect(svg.contains("&lt;b&gt;&quot;&amp;.mp4"))
    let layers = lines.filter { $0.first?.hasPrefix("layer") == true }
    #expect(!layers.isEmpty)
    for layer in layers { #expect(svg.contains(">\(layer[0])</text>")) }
  }

  @Test func whatIsNoVideoIsOneLine() throws {
    _ = try run(arguments("run", ["--epochs", "1", "--network", "fixed"]))
    try scratch.write("no.mp4", "no video at all")
    try FileManager.default.createDirectory(
      atPath: scratch("folder"), withIntermediateDirectories: true)
    for (clip, word) in [
      ("no.mp4", "no.mp4"), ("none.mp4", "no such file"),
      ("folder", "folder: expected a video that decodes, found a folder without pictures"),
    ] {
      let result = try launch(
        ["explain", scratch("run"), scratch(clip), "--output", scratch("e.svg")]
      ).run()
      #expect(result.status == 2 && result.stderr.hasPrefix("error: "), "\(result)")
      #expect(result.stderr.split(separator: "\n").count == 1 && result.stderr.contains(word))
      #expect(!scratch.exists("e.svg"))
    }
    let path = try #require(
      try scratch.text("shapes/labels.csv").split(separator: "\n").last?.split(separator: ",").first
    )
    let said = try run([
      "explain", scratch("run"), scratch("shapes/\(path)"), "--output", scratch("e.svg"),
    ])
    #expect(said.stdout.contains("no gates: the network is fixed"))
  }
}
