// `report`: that the page says what `evaluate` says, that names are text, and that it stays small.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedData

@testable import VARedStudies
@testable import VARedTraining

@Suite(.serialized) struct ReportTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  /// What `pattern`'s groups hold at each place of `text` where it fits.
  private func matches(_ pattern: String, _ text: String) throws -> [[String]] {
    let expression = try NSRegularExpression(
      pattern: pattern, options: .dotMatchesLineSeparators)
    let whole = NSString(string: text)
    return expression.matches(in: text, range: NSRange(location: 0, length: whole.length)).map {
      found in (1..<found.numberOfRanges).map { whole.substring(with: found.range(at: $0)) }
    }
  }

  private func page(_ runs: [String], _ output: String = "report.html") throws -> String {
    let said = try run(["report"] + runs.map { scratch($0) } + ["--output", scratch(output)])
    #expect(said.stdout.hasSuffix(": \(scratch(output))\n"))
    return try scratch.text(output)
  }

  /// The same ranks and batches as in training, so that both evaluations have the same bits.
  @Test func thePageSaysWhatEvaluateSays() throws {
    _ = try run(arguments("run"), ranks: 2)
    let page = try page(["run"])
    _ = try run(
      [
        "evaluate", "--checkpoint", scratch("run"), "--data", clips, "--threads", "1", "--batch",
        "4", "--report", scratch("e.json"), "--clips", scratch("c.csv"),
      ], ranks: 2)
    let read = try JSONSerialization.jsonObject(with: Data(try scratch.text("e.json").utf8))
    let report = try #require(read as? [String: Any])

    let cells = try matches("<td data-fact=\"([^\"]*)\">([^<]*)</td>", page)
    let facts = Dictionary(uniqueKeysWithValues: cells.map { ($0[0], $0[1]) })
    for (fact, member) in [
      "top1": "top1", "top5": "top5", "mean-class-accuracy": "mean_class_accuracy",
      "conv-ratio": "conv_ratio", "conv-ratio-deviation": "conv_ratio_deviation",
      "executed-gmacs": "executed_gmacs", "full-gmacs": "full_gmacs",
    ] {
      let value = try #require(report[member] as? Double)
      #expect(facts[fact] == String(format: "%.4f", value), "\(fact)")
    }
    #expect(facts["clips"] == "6" && facts["bad-clips"] == "0")
    #expect(facts["ranks"] == "2 × 1 threads")
    let tiles = try matches("data-tile=\"([^\"]*)\">([^<]*)</dd>", page)
    let ratio = try #require(report["conv_ratio"] as? Double)
    #expect(tiles.contains(["ratio", String(format: "%.1f %%", 100 * ratio)]))

    // Every clip is shown once, with the cost and the answer that evaluate gives it.
    let rows = try ClipTable(path: scratch("c.csv")).rows
    let cards = try matches(
      "<p class=\"percent\"[^>]*>([^<]*)</p>.*?<p class=\"answer\">. ([^\n]*)\n"
        + "<span class=\"probability\">([^<]*)</span></p>\n<p class=\"path\">([^<]*)</p>", page)
    let expected = rows.map { row in
      [row.convRatio, row.probability].map { String(format: "%.1f %%", 100 * ($0 ?? .nan)) }
        + [row.prediction ?? "", row.path]
    }
    #expect(
      Set(cards.map { [$0[0], $0[2], $0[1], $0[3]] }) == Set(expected) && cards.count == 6)
    let right = rows.count { $0.prediction == $0.label }
    #expect(page.components(separatedBy: "<li class=\"card right\"").count - 1 == right)
    let pictures = try matches("<img src=\"data:image/(?:webp|gif);base64,([^\"]*)\" alt=", page)
    #expect(pictures.count == 6)
    #expect(pictures.allSatisfy { (Data(base64Encoded: $0[0])?.count ?? 0) > 100 })
  }

  @Test func severalRunsStandSideBySide() throws {
    _ = try run(arguments("dynamic", ["--epochs", "1"]))
    _ = try run(arguments("fixed", ["--epochs", "1", "--network", "fixed"]))
    let page = try page(["fixed", "dynamic"])
    #expect(page.contains("<h2 id=\"run-1-head\">dynamic</h2>"))
    #expect(try matches("<td data-fact=\"top1\">([^<]*)</td>", page).count == 2)
    #expect(page.contains("Accuracy against time") && page.contains("than the fixed network"))
    #expect(page.contains("Nothing: the network is fixed"))
  }

  /// Names that HTML, an attribute or a URL could take for its own.
  @Test func namesAreText() throws {
    _ = try run(arguments("run", ["--epochs", "1"]))
    let odd = [
      "<script>alert(1)</script>", "\"\u{301} onmouseover=\"alert(2)", "' onerror='alert(3)",
      "</style><img src=x onerror=alert(4)>", "javascript:alert(5)", "{{title}} &amp; {{{script}}}",
    ]
    let (first, second) = (odd[0], odd[3])
    let rows = try ClipTable(path: scratch("run/clips.csv")).rows.enumerated().map { number, row in
      var row = row
      (row.path, row.label) = (odd[number], row.label == "0" ? first : second)
      row.prediction = odd[5]
      return row
    }
    try scratch.write("run/clips.csv", ClipTable(rows).csv)
    var evaluation = try scratch.text("run/evaluation.json")
    for (name, other) in [("0", first), ("1", second)] {
      var line = JSONLine()
      line.add("name", other)
      evaluation = evaluation.replacing(
        "\"name\":\"\(name)\"", with: String(line.text.dropFirst().dropLast()))
    }
    try scratch.write("run/evaluation.json", evaluation)
    let bad = CSVRow(["train", "3", odd[1], odd[0], "4", "1"]).line
    try scratch.write("run/bad-clips.csv", "split,index,path,reason,replacement,epoch\n" + bad)

    let page = try page(["run"])
    #expect(page.components(separatedBy: "<script").count == 2)
    #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    #expect(!page.contains("<img src=x"))
    #expect(page.contains("{{title}} &amp;amp; {{{script}}}"))
    let scalars = Array(page.unicodeScalars)
    for (at, scalar) in scalars.enumerated() where scalar == "\u{301}" {
      #expect(scalars[at - 1] == ";", "a quote that is not escaped")
    }
    #expect(page.contains("&quot;\u{301} onmouseover=&quot;alert(2)"))
    // Nothing is fetched: no address but the pictures' own bytes and places of the page.
    for found in try matches("<[a-z][^>]*\\s(?:src|href)=\"([^\"]*)\"", page) {
      #expect(found[0].hasPrefix("data:") || found[0].hasPrefix("#"), "\(found)")
    }
  }

  /// Also of a run that had no validation clips.
  @Test(arguments: [0, 4]) func whatIsAdvisedMakesAReport(val: Int) throws {
    let flags = arguments("run", ["--epochs", "1", "--data", try scratch.writeClips(val: val)])
    _ = try run(flags)
    try? FileManager.default.removeItem(atPath: scratch("run/evaluation.json"))
    let report = ["report", scratch("run"), "--output", scratch("r.html")]
    let refused = try launch(report).run()
    #expect(refused.status == 2, "\(refused)")
    let advice = try #require(refused.stderr.range(of: "vared-train evaluate"))
    let words = refused.stderr[advice.lowerBound...].split { " \n".contains($0) }.map(String.init)
    _ = try run(Array(words.dropFirst()))
    _ = try run(report)
  }

  @Test func whatIsMissingOrBrokenIsOneLine() throws {
    _ = try run(arguments("run", ["--epochs", "1"]))
    func expectRefusal(_ word: String, _ runs: [String] = ["run"]) throws {
      let result = try launch(
        ["report"] + runs.map { scratch($0) } + ["--output", scratch("r.html")]
      ).run()
      #expect(result.status == 2, "\(result)")
      let lines = result.stderr.split(separator: "\n")
      #expect(lines.count == runs.count && lines.allSatisfy { $0.hasPrefix("error: ") })
      #expect(result.stderr.contains(word), "\(word): \(result.stderr)")
      #expect(!scratch.exists("r.html"))
    }
    try expectRefusal("is no folder; expected that of a run", ["none", "nor-this"])
    for (name, word) in [
      ("config.yaml", "has no config.yaml"), ("metrics.jsonl", "is not there"),
      ("evaluation.json", "vared-train evaluate --checkpoint"),
      ("clips.csv", "vared-train evaluate --checkpoint"),
    ] {
      let text = try scratch.text("run/\(name)")
      try FileManager.default.removeItem(atPath: scratch("run/\(name)"))
      try expectRefusal(word)
      try scratch.write("run/\(name)", "}\u{1}{\"policies\": [\n\"\n")
      try expectRefusal(name)
      try scratch.write("run/\(name)", text)
    }
    // Lists of an evaluation that do not belong together, and clips of another one.
    let evaluation = try scratch.text("run/evaluation.json")
    let shorter = evaluation.replacing("\"confusion\":[[", with: "\"confusion\":[[7],[")
    try scratch.write("run/evaluation.json", shorter)
    try expectRefusal("do not belong together")
    try scratch.write(
      "run/evaluation.json", evaluation.replacing("\"clips\":6", with: "\"clips\":7"))
    try expectRefusal("has 6 clips")
    try scratch.write("run/evaluation.json", evaluation)
    _ = try page(["run"], "r.html")
    let inside = try launch(
      ["report", scratch("run"), "--output", scratch("run/clips.csv")]
    ).run()
    #expect(inside.status == 2 && inside.stderr.contains("is what this command reads"))
  }

  /// Data that is gone costs the pictures only.
  @Test func withoutTheDataThereAreNoPictures() throws {
    _ = try run(arguments("run", ["--epochs", "1"]))
    try FileManager.default.removeItem(atPath: clips)
    let said = try run(["report", scratch("run"), "--output", scratch("r.html")])
    #expect(said.stderr.contains("warning: clips have no pictures: \(clips)"))
    let page = try scratch.text("r.html")
    #expect(page.contains("no picture</div>") && !page.contains("<img"))
  }

  /// 100 epochs and 10,000 clips of 400 classes, without the pictures, which have a bound of their
  /// own.
  @Test func aLargeRunMakesNoLargePage() throws {
    _ = try run(arguments("run", ["--epochs", "1"]))
    var row = try #require(try ClipTable(path: scratch("run/clips.csv")).rows.first)
    let rows = (0..<10_000).map { index in
      (row.index, row.path, row.label) = (index, "folder/clip-\(index).mp4", "class \(index % 400)")
      (row.prediction, row.convRatio) = ("class \(index % 399)", Double(index % 97) / 97)
      return row
    }
    try scratch.write("run/clips.csv", ClipTable(rows).csv)
    let evaluation = try scratch.text("run/evaluation.json")
    try scratch.write(
      "run/evaluation.json", evaluation.replacing("\"clips\":6", with: "\"clips\":10000"))
    let step = try #require(
      try scratch.text("run/metrics.jsonl").split(separator: "\n").first.map(String.init))
    try scratch.write(
      "run/metrics.jsonl",
      (1...5000).map { step.replacing("\"step\":1,", with: "\"step\":\($0),") + "\n" }.joined())
    let page = try page(["run"])
    #expect(page.utf8.count + ClipPictures.mostBytes < 10_000_000)
    #expect(page.components(separatedBy: "<li class=\"card").count - 1 <= CostlyClips.mostPictures)
    #expect(page.contains("5000 steps"))
  }

  @Test func curvesAreThinnedToMeans() {
    let curve = (0..<1000).map { PlotPoint(Double($0), $0 == 3 ? .nan : Double($0 % 2)) }
    let thin = RunMetrics.thinned(curve, most: 10)
    #expect(thin.count == 10)
    #expect(thin[1].x == 149.5 && thin[1].y == 0.5)
    #expect(thin.allSatisfy { $0.isFinite })
    #expect(RunMetrics.thinned(Array(curve[..<10]), most: 10).count == 10)
  }
}
