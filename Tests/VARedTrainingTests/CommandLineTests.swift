// The flags of `train`, which are made from the settings: which help shows them, what it says of
// them, and that each one arrives.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport

@testable import VARedTraining

@Suite(.serialized) struct CommandLineTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  private static let firstHour = [
    "config", "data", "videos", "output", "initialize", "model", "width", "network", "frames",
    "size",
    "batch",
    "epochs", "learning-rate", "target-ratio", "resume",
  ]

  private func help(_ arguments: [String]) throws -> String { try run(arguments).stdout }

  /// The long flags that a help text lists, in order; of `--a/--no-a` the first.
  private func flags(_ help: String) -> [String] {
    help.split(separator: "\n").compactMap { line in
      let words = line.trimmingPrefix("  ")
      guard line.hasPrefix("  --"),
        let flag = words.split(whereSeparator: { " /".contains($0) }).first
      else { return nil }
      return flag == "--help-hidden" ? nil : String(flag.dropFirst(2))
    }
  }

  /// What a help text says of a flag, on one line.
  private func about(_ key: String, _ help: String) -> String {
    let lines = help.split(separator: "\n", omittingEmptySubsequences: false)
    guard
      let first = lines.firstIndex(where: {
        $0.hasPrefix("  --\(key) <") || $0.hasPrefix("  --\(key)/")
      })
    else { return "" }
    let rest = lines[(first + 1)...].prefix { $0.hasPrefix("      ") }
    return ([lines[first]] + rest).joined(separator: " ")
      .split(separator: " ").joined(separator: " ")
  }

  @Test(arguments: ["train", "frontier"])
  func helpShowsTheFirstHourAndSaysWhereTheRestIs(_ command: String) throws {
    let own = command == "train" ? [] : ["targets", "baselines", "timing-rounds"]
    for arguments in [[command, "--help"], ["help", command]] {
      let help = try help(arguments)
      #expect(Set(flags(help)) == Set(Self.firstHour + own + ["version"]))
      #expect(help.split(separator: "\n").last?.hasPrefix("  --help-hidden ") == true)
      #expect(!help.contains("RESEARCH:"))
    }
  }

  @Test(arguments: ["train", "frontier"])
  func hiddenHelpListsEverySettingOnceWithRangeAndDefault(_ command: String) throws {
    let help = try help([command, "--help-hidden"])
    #expect(!help.contains("--help-hidden"))
    for setting in Setting.all {
      #expect(flags(help).filter { $0 == setting.key }.count == 1, "\(setting.key)")
      let said = about(setting.key, help)
      #expect(said.contains(setting.help), "\(setting.key): \(said)")
      for fact in [setting.range, setting.defaultText.map { "default: \($0)" }] {
        if let fact { #expect(said.contains(fact), "\(setting.key): \(said)") }
      }
    }
    for name in Setting.all.flatMap(\.formerKeys) { #expect(!help.contains(name)) }
    let sections = help.components(separatedBy: "\n\n")
    let studied = flags(try #require(sections.first { $0.hasPrefix("RESEARCH:\n") }))
    #expect(
      Set(studied).isSuperset(of: [
        "cost-kappa", "cost-ramp", "cost-form", "gate-rate", "warmup-sampling", "gate-form",
        "gate-hidden", "cost-power", "cost-confidence", "motion-energy",
      ]))
    #expect(!studied.contains("target-ratio"))
  }

  /// Where numbers and choices come from decides nothing: spot checks of the words themselves.
  @Test func helpInWords() throws {
    let help = try help(["train", "--help-hidden"])
    #expect(
      about("batch", help)
        == "--batch <clips> Clips per rank and step (1 to 4096; default: 8).")
    #expect(about("weight-decay", help).hasSuffix("(0 to 1000000000; default: 0.0001)."))
    #expect(about("sync-bn", help).hasPrefix("--sync-bn/--no-sync-bn Batch-norm"))
    #expect(about("sync-bn", help).hasSuffix("(default: --sync-bn)."))
    #expect(about("motion-energy", help).hasSuffix("(default: --no-motion-energy)."))
    #expect(about("data", help).hasSuffix("Required."))
    #expect(about("network", help).hasSuffix("(default: dynamic). (values: dynamic, fixed)"))
    #expect(about("resume", help).hasPrefix("--resume <auto|none|path> auto (from"))
  }

  @Test(arguments: [
    ("evaluate", ["views", "batch", "threads", "data-threads", "max-bad-clips"]),
    ("redundancy", ["batch", "threads", "data-threads"]), ("predict", ["batch", "threads"]),
    ("bench", ["width", "gate-hidden", "frames", "size", "batch", "threads"]),
    ("count", ["width", "gate-hidden", "frames", "size", "threads"]),
  ])
  func otherCommandsShowAll(_ command: String, shared: [String]) throws {
    let help = try help([command, "--help"])
    #expect(try help == self.help([command, "--help-hidden"]))
    for key in shared {
      let setting = try #require(Setting.named(key))
      #expect(about(key, help).contains(setting.help), "\(key)")
    }
  }

  /// Other values than the defaults, which one run takes together; a file says still others.
  private static let values: [String: String] = [
    "model": "r2plus1d-34", "width": "0.125", "network": "dynamic", "temporal-candidates": "1",
    "channel-candidates": "3", "gate-form": "published", "gate-hidden": "7",
    "motion-energy": "true", "frames": "4", "frame-stride": "1", "size": "16", "augment": "none",
    "crop": "resized", "scale-jitter": "16-20", "flip": "false", "color-jitter": "0.4,0.25,0.0",
    "rand-augment": "3,7",
    "dropout": "0.25", "label-smoothing": "0.1", "mixup": "0.2", "cutmix": "1.0",
    "shuffle": "none", "balance": "cost", "max-bad-clips": "0.25",
    "max-bad-steps": "2", "data-threads": "1", "batch": "4", "epochs": "1",
    "learning-rate": "3e-05", "warmup-epochs": "0.5", "momentum": "0.85", "weight-decay": "0.0",
    "sync-bn": "true", "sync-bn-ranks": "0", "reproducible": "true", "compress": "none",
    "seed": "99", "threads": "1", "stall-timeout": "120.0",
    "time-limit": "1-12:00:00", "step-limit": "1000",
    "target-ratio": "0.9", "cost-unit": "seconds", "cost-weight": "2.0", "cost-form": "saturating",
    "cost-kappa": "0.2",
    "cost-confidence": "0.875", "cost-power": "1.5", "cost-ramp": "0.25", "gate-rate": "0.1",
    "gate-temperature": "0.25", "gate-temperature-start": "2.0",
    "warmup-share": "0.4", "warmup-sampling": "0.75", "finetune-share": "0.1", "policy": "random",
    "checkpoint-every": "7", "keep-checkpoints": "0", "resume": "none", "evaluate-every": "0",
    "views": "video", "tensorboard": "false", "verbosity": "verbose",
  ]

  /// Every setting as a flag: over a file that says something else, into the run's config.yaml.
  @Test func everyFlagArrives() throws {
    var file = TrainingConfiguration()
    for setting in Setting.all where setting.valueType is Double.Type {
      setting.set(0.5, &file)
    }
    file.costPower = 3
    (file.data, file.output, file.initialize) = ("none.csv", "/none", "none.h5")
    (file.network, file.syncBN, file.compress) = (.fixed, false, .bf16)
    file.syncBNRanks = 4
    try scratch.write("a.yaml", file.yaml)
    var given = Self.values
    _ = try run(
      arguments("weights", ["--model", "r2plus1d-34", "--network", "fixed", "--epochs", "1"]))
    (given["data"], given["output"]) = (clips, scratch("run"))
    given["initialize"] = scratch("weights")
    given["videos"] = scratch.path
    given["cost-table"] = try writeTable()
    #expect(Set(given.keys) == Set(Setting.all.map(\.key)))
    let flags = given.flatMap { key, value in
      switch value {
      case "true": ["--\(key)"]
      case "false": ["--no-\(key)"]
      default: ["--\(key)", value]
      }
    }
    _ = try run(["--config", scratch("a.yaml")] + flags)
    var read = TrainingConfiguration()
    try read.read(yamlFile: scratch("run/config.yaml"))
    for setting in Setting.all {
      let text = setting.text(read)?.trimmingCharacters(in: ["\""])
      #expect(text == given[setting.key], "\(setting.key)")
    }
  }

  /// The seconds of the network of `values`.
  private func writeTable() throws -> String {
    var settings = TrainingConfiguration()
    (settings.model, settings.width, settings.frames, settings.size) = (.r2plus1d34, 0.125, 4, 16)
    (settings.temporalCandidates, settings.channelCandidates) = (1, 3)
    try scratch.write(
      "table.json", CandidateTable.text(CandidateTableTests.table(settings)))
    return scratch("table.json")
  }

  /// A former name works, as a flag and in a file, and one line says what it is called now.
  @Test func formerNamesWorkAndAreSaidOnce() throws {
    _ = try run(arguments("weights", ["--epochs", "1"]))
    let note = "note: --initialise is now --initialize\n"
    let flag = try run(
      arguments("flag", ["--epochs", "1", "--initialise", scratch("weights")]), ranks: 2)
    #expect(flag.stderr.contains(note))
    #expect(flag.stderr.components(separatedBy: "initialise").count == 2, "\(flag.stderr)")
    #expect(flag.stdout.contains("tensors from \(scratch("weights"))"))

    try scratch.write("a.yaml", "initialise: \(scratch("weights"))\n")
    let file = try run(arguments("file", ["--epochs", "1", "--config", scratch("a.yaml")]))
    #expect(file.stderr == "note: \(scratch("a.yaml")):1: initialise is now initialize\n")
    #expect(try newest("file").header.configuration.initialize == scratch("weights"))
  }
}
