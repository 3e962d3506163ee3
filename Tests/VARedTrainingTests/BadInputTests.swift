// The command line with bad input: one clear line, exit status 2, never a trap or a hang.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedHDF5

@Suite(.serialized) struct BadInputTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func run(_ arguments: [String], ranks: Int? = nil) throws -> LaunchResult {
    try RankLaunch("vared-train", arguments, ranks: ranks).run()
  }

  /// Runs and expects `error: …` with `message` in it, alone on stderr, and status 2.
  private func expectRefusal(
    _ arguments: [String], _ message: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let result = try run(arguments)
    let lines = result.stderr.split(separator: "\n")
    #expect(
      result.status == 2 && !result.endedBySignal, "\(arguments): \(result)",
      sourceLocation: sourceLocation)
    #expect(
      lines.count == 1 && lines[0].hasPrefix("error: ") && lines[0].contains(message),
      "\(arguments): \(result)", sourceLocation: sourceLocation)
  }

  @Test func flags() throws {
    let good = ["--data", "d", "--output", "o"]
    try expectRefusal([], "--data: missing")
    try expectRefusal(["--data", "d"], "--output: missing")
    try expectRefusal(["--dat", "d"], "--data")
    try expectRefusal(good + ["--batch", "x"], "'x'")
    try expectRefusal(
      good + ["--batch", "0"], "--batch: expected a whole number from 1 to 4096, found 0")
    try expectRefusal(good + ["--network", "both"], "'both'")
    try expectRefusal(good + ["--learning-rate=-1"], "--learning-rate: expected a number, above 0")
    try expectRefusal(good + ["--epochs", "9223372036854775807"], "--epochs: expected")
    try expectRefusal(good + ["--warmup-epochs", "1e300"], "--warmup-epochs: expected")
    try expectRefusal(good + ["--threads", "1000000"], "--threads: expected")
    try expectRefusal(good + ["surplus"], "surplus")
    try expectRefusal(["nonsense"], "nonsense")
    try expectRefusal(["predict"], "--checkpoint")
  }

  /// Also flags that `--help` leaves out, and where a required one is missing because of it.
  @Test(arguments: [
    (["--verbosty", "quiet"], "Unknown option '--verbosty'. Did you mean '--verbosity'?"),
    (["--no-flipp"], "Unknown option '--no-flipp'. Did you mean '--no-flip'?"),
    (["evaluate", "--checkpont=a", "--data", "b"], "Did you mean '--checkpoint'?"),
    (["report", "a", "--outputs", "b"], "Unknown option '--outputs'. Did you mean '--output'?"),
    (["evalute", "--data", "b"], "Unknown subcommand 'evalute'. Did you mean 'evaluate'?"),
    (["check", "--data", "b"], "'--data': <data> is given without a flag, see --help"),
    (["explain", "--checkpoint=a", "b"], "'--checkpoint': <checkpoint> is given without a flag"),
    (["train", "--zzzzzzzz"], "Unknown option '--zzzzzzzz'; --help-hidden lists all of them"),
  ])
  func misspeltNames(arguments: [String], expected: String) throws {
    try expectRefusal(arguments, expected)
  }

  @Test func configurationFiles() throws {
    try scratch.write("a.yaml", "frames: 4\nbatsh: 2\n")
    try expectRefusal(
      ["--config", scratch("a.yaml")], "a.yaml:2: batsh: unknown setting; did you mean batch?")
    try expectRefusal(["--config", scratch("none.yaml")], "no such file")
    // A flag wins over the file, also over what would be wrong with its value.
    try scratch.write("b.yaml", "data: none.csv\noutput: o\nbatch: 3\n")
    try expectRefusal(["--config", scratch("b.yaml"), "--data", "other.csv"], "other.csv")
  }

  @Test func data() throws {
    let output = ["--output", scratch("out"), "--size", "16", "--frames", "4"]
    try expectRefusal(["--data", scratch("none.csv")] + output, "none.csv")
    try expectRefusal(["--data", scratch.path] + output, scratch.path)
    try scratch.write("empty.csv", "")
    try expectRefusal(["--data", scratch("empty.csv")] + output, "empty.csv")
    try scratch.write("val.csv", "path,label,split\na.mp4,x,train\nb.mp4,y,train\nc.mp4,z,val\n")
    try expectRefusal(["--data", scratch("val.csv")] + output, "'z'")
    let clips = try scratch.writeClips(train: 4, val: 2)
    try expectRefusal(
      ["--data", clips, "--batch", "5"] + output, "expected at least 5 training clips")
    try expectRefusal(
      ["--data", clips, "--output", scratch("out"), "--size", "8"],
      "--size: expected a whole number from 16 to 1024, found 8")
    #expect(!scratch.exists("out"))
  }

  @Test func moreRanksThanClips() throws {
    let clips = try scratch.writeClips(train: 2, val: 1)
    let result = try run(
      ["--data", clips, "--output", scratch("out"), "--size", "16", "--batch", "1"], ranks: 3)
    #expect(result.status == 2 && !result.timedOut, "\(result)")
    let spoken = result.stderr.split(separator: "\n").filter { $0.hasPrefix("rank ") }
    #expect(
      spoken.count == 1 && spoken[0].hasPrefix("rank 0 of 3: ")
        && spoken[0].contains("expected at least 3 training clips (3 ranks × batch 1), found 2"),
      "\(result)")
  }

  @Test func wrongFlagsUnderALauncherAreSaidOnce() throws {
    let result = try run(["--nonsense", "1"], ranks: 2)
    #expect(result.status == 2 && !result.timedOut, "\(result)")
    let spoken = result.stderr.split(separator: "\n").filter { $0.contains("--nonsense") }
    #expect(spoken.count == 1 && spoken[0].hasPrefix("rank 0 of 2: "), "\(result)")
  }

  @Test func output() throws {
    let clips = try scratch.writeClips(train: 2, val: 1)
    let arguments = [
      "--data", clips, "--size", "16", "--frames", "4", "--batch", "2", "--width", "0.1",
    ]
    try scratch.write("file", "x")
    try expectRefusal(arguments + ["--output", scratch("file")], "file")
    try expectRefusal(arguments + ["--output", "/proc/nothing/here"], "/proc/nothing/here")
    try expectRefusal(
      arguments + ["--output", scratch("out"), "--batch", "1"], "batch: expected at least 2 clips")
    #expect(try scratch.text("file") == "x")
  }

  @Test func checkpoints() throws {
    let clips = try scratch.writeClips(train: 2, val: 1)
    try scratch.write("text.h5", "no HDF5 at all")
    let plain = try HDF5File.create(scratch("plain.h5"))
    try plain.write("/x", [1] as [Float], shape: [1])
    try plain.close()
    for path in ["none.h5", "text.h5", "plain.h5"] {
      try expectRefusal(["inspect", scratch(path)], path)
      try expectRefusal(["evaluate", "--checkpoint", scratch(path), "--data", clips], path)
      try expectRefusal(
        ["predict", "--checkpoint", scratch(path), "--input", clips, "--output", scratch("o.h5")],
        path)
      try expectRefusal(
        [
          "--data", clips, "--output", scratch("out"), "--size", "16", "--batch", "2", "--resume",
          scratch(path),
        ], path)
    }
    let missing = ["--checkpoint", scratch("none.h5")]
    try expectRefusal(
      ["predict", "--input", clips, "--output", "o", "--batch", "0"] + missing, "--batch: expected")
    try expectRefusal(
      ["evaluate", "--data", clips, "--windows", "0"] + missing, "--windows: expected")
    try expectRefusal(["inspect", scratch.path], "is a folder without checkpoints")
    try expectRefusal(
      [
        "--data", clips, "--output", scratch("out"), "--size", "16", "--batch", "2", "--initialize",
        scratch("plain.h5"),
      ], "shares no parameter with this network")
  }

  @Test func synthesis() throws {
    try expectRefusal(["synthesize", "--output", scratch("s"), "--size", "33"], "33")
    try expectRefusal(["synthesize", "--output", scratch("s"), "--seed=-1"], "--seed")
    try expectRefusal(
      ["synthesize", "--output", scratch("s"), "--shapes", "cross,star"], "--shapes: expected")
    try expectRefusal(
      ["synthesize", "--output", scratch("s"), "--noise", "8", "--noise-to", "4"],
      "--noise-to: expected")
    try scratch.write("file", "x")
    try expectRefusal(["synthesize", "--output", scratch("file")], "file")
  }

  /// ArgumentParser knows types; what is right the settings say.
  @Test(arguments: [
    (["--seed", "-1"], "--seed: expected a whole number from 0 to 1000000000, found -1"),
    (
      ["--output", "-x"],
      "--output: expected a path, found -x; a name that begins with - is given as"
    ),
    (["--output", "--batch", "4"], "--output: expected a path, found none"),
    (["--batch", "x"], "--batch: expected a whole number from 1 to 4096, found 'x'"),
    (["--color-jitter", "nan,0,0"], "--color-jitter: expected "),
    (["--network", "bogus"], "--network: expected dynamic or fixed, found 'bogus'"),
    (["--network"], "--network: expected dynamic or fixed, found none"),
    (["bench", "--iterations", "-1"], "Missing value for '--iterations"),
    (["synthesize", "--frames", "x"], "The value 'x' is invalid for '--frames"),
  ])
  func wrongValuesSayWhatIsRight(_ arguments: [String], _ words: String) throws {
    try expectRefusal(arguments, words)
  }

  @Test func helpAndVersionSucceed() throws {
    for arguments in [["--help"], ["train", "--help"], ["--version"], ["help", "evaluate"]] {
      let result = try run(arguments)
      #expect(result.status == 0 && result.stderr.isEmpty && !result.stdout.isEmpty, "\(result)")
    }
  }
}
