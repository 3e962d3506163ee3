// `cost-unit: seconds`: the table of seconds as a file, in checkpoints, and through whole runs.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedNN

@testable import VARedTraining

@Suite struct CandidateTableTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  /// A table of the network of these settings, in which every candidate saves a fifth, but for
  /// those that `change` makes others.
  static func table(
    _ settings: TrainingConfiguration,
    change: (inout [Double], DynamicLayerInfo) -> Void = { _, _ in }
  ) throws -> CandidateSeconds {
    let configuration = settings.networkConfiguration(classes: 2)
    let network = try VideoNetwork(configuration, batch: 1, seed: 1, threads: 1)
    let layers = network.dynamicLayers.map { info in
      var seconds = info.temporalStrides.indices.flatMap { a in
        info.channelCounts.indices.map { 1 - Double(a + $0) / 5 }
      }
      // What has no choice takes hardly any time.
      if seconds.count == 1 { seconds = [0.01] }
      change(&seconds, info)
      return LayerSeconds(
        name: info.name, temporalStrides: info.temporalStrides, channelCounts: info.channelCounts,
        seconds: seconds, gate: 0.01, term: 0.02)
    }
    let full = layers.reduce(0.125) { $0 + ($1.seconds.first ?? 0) }
    return CandidateSeconds(
      of: configuration, batch: 4, threads: 1, fixed: full, rest: 0.125, layers: layers)
  }

  /// The settings of `arguments` that make the network.
  private var settings: TrainingConfiguration {
    var settings = TrainingConfiguration()
    (settings.width, settings.frames, settings.size, settings.gateHidden) = (0.125, 4, 16, 8)
    return settings
  }

  /// Half the frames saves nothing in the first half of the layers.
  private func writeTable() throws -> CandidateSeconds {
    let table = try Self.table(settings) { seconds, info in
      if info.name < "layer3", info.temporalStrides.count == 2 {
        let sc = info.channelCounts.count
        for b in 0..<sc { seconds[sc + b] = seconds[b] }
      }
    }
    try scratch.write("table.json", CandidateTable.text(table))
    return table
  }

  private func inSeconds(_ more: [String] = []) -> [String] {
    ["--cost-unit", "seconds", "--cost-table", scratch("table.json")] + more
  }

  // MARK: The file

  @Test func aTableSurvivesItsText() throws {
    let table = try Self.table(settings) { seconds, _ in seconds = seconds.map { $0 / 3 * 1e-2 } }
    let text = CandidateTable.text(table)
    #expect(try CandidateTable.parse(Data(text.utf8), of: "t") == table)
    #expect(text.contains("\"name\" : \"layer1.0.conv1.0.0\"") && text.hasSuffix("}\n"))
  }

  @Test(arguments: [
    ("", "holds no table"), ("[]", "holds no table"), ("{}", "no '"), ("\u{0}", "holds no table"),
    (#"{"batch":"x"}"#, "holds no table"), (whole(batch: 0), "no clip takes"),
    (whole(batch: -1), "no clip takes"),
    (whole(rest: "1e999"), "holds no table"), (whole(rest: "-1"), "no clip takes"),
    (whole(layers: #"[{"name":7}]"#), "layers.0"),
    (whole(layers: "[" + layer("[]") + "]"), "no clip takes"),
    (whole(layers: "[" + layer("[1,1]") + "," + layer("[1,1]") + "]"), "no clip takes"),
    (String(repeating: "[", count: 100_000), "holds no table"),
  ])
  func whatIsNoTableIsRefused(_ text: String, _ words: String) throws {
    try scratch.write("bad.json", text)
    let error = #expect(throws: FileError.self) { try CandidateTable.read(scratch("bad.json")) }
    #expect("\(try #require(error))".contains(words), "\(String(describing: error))")
  }

  private static func whole(
    rest: String = "1", layers: String = "[]", batch: Int = 1
  ) -> String {
    #"{"architecture":"x3d-m","width":1,"frames":4,"size":32,"batch":\#(batch),"threads":1,"fixed":1,"#
      + #""rest":\#(rest),"layers":\#(layers)}"#
  }

  private static func layer(_ seconds: String) -> String {
    #"{"name":"l","temporalStrides":[1,2],"channelCounts":[16],"seconds":\#(seconds),"gate":0,"#
      + #""term":0}"#
  }

  @Test func otherFilesAreRefused() throws {
    for path in [scratch("nowhere.json"), scratch.path, "/dev/zero"] {
      #expect(throws: FileError.self) { try CandidateTable.read(path) }
    }
    try scratch.write("long.json", "")
    #expect(truncate(scratch("long.json"), 1 << 40) == 0)
    let error = #expect(throws: FileError.self) { try CandidateTable.read(scratch("long.json")) }
    #expect("\(try #require(error))".contains("at most"))
  }

  // MARK: Whole runs

  /// Measured on two ranks, written down, the same in the checkpoint.
  @Test func aRunMeasures() throws {
    _ = try run([
      "synthesize", "--output", scratch("shapes"), "--shapes", "circle,cross", "--train", "2",
      "--val", "1", "--frames", "8", "--size", "32",
    ])
    let result = try run(
      arguments(
        "run",
        [
          "--data", scratch("shapes/labels.csv"), "--width", "0.5", "--frames", "8", "--size", "32",
          "--epochs", "1", "--cost-unit", "seconds", "--reproducible",
        ]), ranks: 2)
    #expect(result.stdout.contains("measuring what candidates take on this machine\n"))
    #expect(result.stdout.contains("note: another start finds other seconds"))
    #expect(result.stdout.contains("costs are in seconds: "))
    let table = try CandidateTable.read(scratch("run/candidate-seconds.json"))
    #expect(table.batch == 4 && table.threads == 1 && table.layers.count == 32)
    let checkpoint = try newest("run")
    #expect(checkpoint.header.seconds == table)
    let gates = checkpoint.model.keys.filter { $0.hasSuffix(".gate.fc1.weight") }
    #expect(gates.count == table.layersWorthAGate.all && !gates.isEmpty)
  }

  /// Resumed runs have the checkpoint's table, whatever the flags say.
  @Test(arguments: ["normalised", "sparsemax"])
  func resumedRunsKeepTheirTable(_ form: String) throws {
    let table = try writeTable()
    let more = [
      "--gate-form", form, "--epochs", "6", "--warmup-share", "0.34", "--target-ratio", "0.9",
      "--checkpoint-every", "1", "--keep-checkpoints", "0", "--evaluate-every", "0",
    ]
    _ = try run(arguments("whole", inSeconds(more)), ranks: 2)
    let whole = try newest("whole")
    #expect(whole.header.seconds == table)
    let halved = whole.model.keys.filter { $0.hasSuffix(".phi_t.1") }.sorted()
    #expect(halved.first == "layer3.0.conv1.0.0.phi_t.1", "nothing is saved before")
    for step in [2, 7, 11] {
      let from = scratch(String(format: "whole/checkpoints/step-%08d.h5", step))
      let resumed = try run(
        arguments("from-\(step)", more + ["--cost-unit", "seconds", "--resume", from]), ranks: 2)
      #expect(resumed.stdout.contains("uninterrupted run, to the bit"), "\(resumed)")
      let end = try newest("from-\(step)")
      #expect(end.header.seconds == table && end.header.costMemory == whole.header.costMemory)
      #expect(end.model == whole.model && end.momentum == whole.momentum, "from step \(step)")
    }
    // The joint stage was steered by the time ratio.
    let steps = try objects("whole").filter { $0["kind"] as? String == "step" }
    let times = steps.compactMap { $0["time_ratio"] as? Double }
    #expect(times.count == steps.count && abs(times[0] - 1) < 1e-6 && times.contains { $0 > 1 })
  }

  /// `--reproducible`: the same bits on one and on three ranks.
  @Test func ranksDoNotMatter() throws {
    _ = try writeTable()
    let more = [
      "--reproducible", "--target-ratio", "0.9", "--epochs", "3", "--warmup-share", "0.2",
    ]
    _ = try run(arguments("one", inSeconds(more + ["--batch", "6"])))
    _ = try run(arguments("three", inSeconds(more + ["--batch", "2"])), ranks: 3)
    #expect(try newest("one").model == newest("three").model)
  }

  /// How often clips of a batch differ is told from the clips of all ranks, in steps and in
  /// evaluations.
  @Test func clipsThatDifferAreThoseOfAllRanks() throws {
    let alike = try writeTable()
    let apart = CandidateSeconds(
      of: settings.networkConfiguration(classes: 2), batch: 2, threads: 1, fixed: alike.fixed,
      rest: alike.rest,
      layers: alike.layers.map {
        LayerSeconds(
          name: $0.name, temporalStrides: $0.temporalStrides, channelCounts: $0.channelCounts,
          seconds: $0.seconds, gate: $0.gate, term: $0.term, scatter: 0.3)
      })
    func timeRatios(_ name: String, _ table: CandidateSeconds, ranks: Int) throws -> [Double] {
      try scratch.write("table.json", CandidateTable.text(table))
      let more = [
        "--policy", "random", "--warmup-share", "0", "--target-ratio", "0.95", "--epochs", "2",
        "--batch", String(4 / ranks),
      ]
      _ = try run(arguments(name, inSeconds(more)), ranks: ranks)
      return try objects(name).compactMap { $0["time_ratio"] as? Double }
    }
    let none = try timeRatios("none", alike, ranks: 1)
    let (one, two) = (
      try timeRatios("one", apart, ranks: 1), try timeRatios("two", apart, ranks: 2)
    )
    #expect(!none.isEmpty && one.count == none.count && two.count == none.count)
    for (ratios, less) in zip(zip(one, two), none) {
      #expect(abs(ratios.0 - ratios.1) < 1e-6 && ratios.0 > less + 0.02, "\(ratios), \(less)")
    }
  }

  /// What reads a checkpoint has the same network, and says what it takes.
  @Test func othersReadTheCheckpoint() throws {
    _ = try writeTable()
    _ = try run(arguments("run", inSeconds(["--epochs", "2", "--policy", "half"])))
    let evaluations = try objects("run").filter { $0["kind"] as? String == "evaluation" }
    let ratio = try #require(evaluations.last?["time_ratio"] as? Double)
    #expect((0.5..<0.95).contains(ratio), "\(ratio)")
    let report = scratch("report.json")
    let told = try run([
      "evaluate", "--checkpoint", scratch("run"), "--data", clips, "--report", report,
    ])
    #expect(told.stdout.contains("time ratio"), "\(told)")
    let json = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: report)))
    #expect((json as? [String: Any])?["time_ratio"] as? Double == ratio)
    #expect(try run(["verify", scratch("run")]).stdout.contains("good"))
    _ = try run(["bench", "--checkpoint", scratch("run"), "--batch", "1", "--iterations", "1"])
  }

  /// Before a training and of one: the table's seconds beside the MACs.
  @Test func countsSaySeconds() throws {
    let table = try writeTable()
    _ = try run(arguments("run", inSeconds(["--epochs", "1"])))
    let shape = ["--width", "0.125", "--frames", "4", "--size", "16", "--gate-hidden", "8"]
    for network in [shape + ["--cost-table", scratch("run")], ["--checkpoint", scratch("run")]] {
      let count = ["count", "--threads", "1", "--policy", "full", "--policy", "half"] + network
      let json = try JSONSerialization.jsonObject(
        with: Data(try run(count + ["--json"]).stdout.utf8))
      let report = try #require(json as? [String: Any])
      let seconds = try #require(report["runs"] as? [[String: Any]]).compactMap {
        $0["seconds"] as? Double
      }
      try #require(seconds.count == 2)
      #expect(abs(seconds[0] - table.fixed) < 1e-9 * table.fixed, "\(seconds)")
      #expect(seconds[1] < seconds[0] && seconds[1] > 0.2 * seconds[0], "\(seconds)")
      let text = try run(count).stdout
      #expect(text.contains(String(format: "GFLOP a clip, %.6f s", table.fixed)), "\(text)")
      #expect(text.contains("are worth a gate") && text.contains("all, 1/2"), "\(text)")
    }
    for (more, words) in [
      (["--network", "fixed"], "--cost-table: expected a dynamic network"),
      (["--size", "32"], "--cost-table: expected the seconds of"),
    ] {
      let refused = try launch(["count", "--cost-table", scratch("run")] + shape + more).run()
      #expect(refused.status == 2 && refused.stderr.contains(words), "\(refused)")
    }
  }

  // MARK: What is refused

  private func expectRefusal(_ flags: [String], _ words: String) throws {
    let result = try launch(arguments("run", flags)).run()
    #expect(result.status == 2, "\(result)")
    #expect(result.stderr.contains(words), "\(result)")
  }

  @Test func oneUnitARun() throws {
    _ = try writeTable()
    _ = try run(arguments("run", ["--epochs", "1"]))
    try expectRefusal(inSeconds(["--epochs", "2"]), "was trained with costs in MACs")
    try FileManager.default.removeItem(atPath: scratch("run"))
    _ = try run(arguments("run", inSeconds(["--epochs", "1"])))
    try expectRefusal(["--epochs", "2"], "--cost-unit is seconds in the checkpoint, macs here")
    // Also where the network is the same in either unit.
    try FileManager.default.removeItem(atPath: scratch("run"))
    let all = try Self.table(settings) { seconds, _ in
      if seconds.count == 1 { seconds = [1] }
    }
    try scratch.write("table.json", CandidateTable.text(all))
    _ = try run(arguments("run", inSeconds(["--epochs", "1"])))
    try expectRefusal(["--epochs", "2"], "--cost-unit is seconds in the checkpoint, macs here")
  }

  /// Another batch and other threads are said, other clips refused.
  @Test func tablesOfOtherRunsAreHeldAgainstThisOne() throws {
    _ = try writeTable()
    let result = try run(arguments("run", inSeconds(["--epochs", "1", "--batch", "2"])))
    let note = "note: these seconds are of batch 4 and 1 threads; this run has 2 and 1\n"
    #expect(result.stdout.contains(note), "\(result)")
    try FileManager.default.removeItem(atPath: scratch("run"))
    try expectRefusal(
      inSeconds(["--size", "32"]), "found those of r2plus1d-18 of width 0.125 at 4x16x16")
  }

  /// A target that gates cannot reach is refused, though random candidates could.
  @Test func gatesMustReachTheTarget() throws {
    let table = try writeTable()
    let configuration = settings.networkConfiguration(classes: 2, seconds: table)
    let network = try VideoNetwork(configuration, batch: 1, seed: 1, threads: 1)
    let (least, ofGates) = (
      network.leastRatio(askingGates: false), network.leastRatio(askingGates: true)
    )
    #expect(least < ofGates)
    let target = "\((least + ofGates) / 2)"
    try expectRefusal(
      inSeconds(["--target-ratio", target]),
      "--target-ratio: expected at least \(String(format: "%.2f", ofGates))")
    _ = try run(
      arguments(
        "run", inSeconds(["--target-ratio", target, "--policy", "random", "--epochs", "1"])))
  }

  /// One temporal candidate fewer and one channel candidate more: as many outputs of a gate, and
  /// others.
  @Test func weightsOfGatesWithOtherCandidatesAreLeftOut() throws {
    _ = try run(arguments("from", ["--epochs", "1", "--width", "0.5"]))
    var settings = settings
    settings.width = 0.5
    (settings.temporalCandidates, settings.channelCandidates) = (1, 3)
    let network = try VideoNetwork(
      settings.networkConfiguration(classes: 2), batch: 1, seed: 1, threads: 1)
    let gate = "layer1.0.conv1.0.0.gate"
    let shapes = try newest("from").model.mapValues(\.shape)
    let own = try #require(network.parameters.entries.first { $0.name == "\(gate).fc2.weight" })
    #expect(shapes[own.name] == own.shape, "or it would be left out anyway")
    let report = try InitialWeights.load(scratch("from"), into: network.parameters)
    for name in ["fc2.weight", "fc2.bias"] {
      #expect(report.otherShape.contains("\(gate).\(name)"))
    }
    #expect(report.loaded.contains("\(gate).fc1.weight"))
    #expect(report.loaded.contains("layer1.0.conv1.0.0.phi_s.1"))
  }

  @Test func wrongTablesAreRefused() throws {
    _ = try writeTable()
    try expectRefusal(
      ["--cost-table", scratch("table.json")], "--cost-table: expected --cost-unit")
    try expectRefusal(inSeconds(["--width", "0.25"]), "--cost-table: expected the seconds of")
    try expectRefusal(
      ["--cost-unit", "seconds", "--cost-table", scratch("none.json")], "none.json: is not there")
    let flat = try Self.table(settings) { seconds, _ in seconds = seconds.map { _ in 1 } }
    try scratch.write("table.json", CandidateTable.text(flat))
    try expectRefusal(inSeconds(), "--cost-unit: expected candidates that save seconds here")
    #expect(!scratch.exists("run/checkpoints"))
  }

  @Test func aMissedTargetIsOneOfTime() throws {
    _ = try writeTable()
    let more = ["--epochs", "1", "--gate-rate", "0", "--target-ratio", "0.9"]
    let missed = try run(arguments("run", inSeconds(more)))
    #expect(missed.stdout.contains("ended at a time ratio of 1."), "\(missed)")
  }
}
