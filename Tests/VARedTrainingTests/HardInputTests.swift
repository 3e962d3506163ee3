// Outputs, streams and files in odd surroundings: nothing is replaced, lost or waited for.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedHDF5

@testable import VARedTraining

@Suite(.serialized) struct HardInputTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  private func shell(_ command: String) throws -> (status: Int32, stdout: String, stderr: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", "set -o pipefail; " + command]
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    try process.run()
    let stdout = output.fileHandleForReading.readDataToEndOfFile()
    let stderr = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (
      process.terminationStatus, String(decoding: stdout, as: UTF8.self),
      String(decoding: stderr, as: UTF8.self)
    )
  }

  /// The program and these arguments, for a shell.
  private func command(_ arguments: [String]) throws -> String {
    ([try RankLaunch.productURL("vared-train").path] + arguments).map { "'\($0)'" }.joined(
      separator: " ")
  }

  private func writePredictionInput(_ name: String, broken: Bool = false) throws {
    let file = try HDF5File.create(scratch(name))
    var values = [Float](repeating: 0.25, count: 2 * 3 * 4 * 16 * 16)
    if broken { values[values.count - 5] = .nan }
    try file.write("/clips", values, shape: [2, 3, 4, 16, 16])
    try file.close()
  }

  @Test(arguments: ["", "mpirun -n 2 --oversubscribe "])
  func outOfMemoryIsOneLine(launcher: String) throws {
    _ = try run(arguments("run", ["--epochs", "1", "--size", "64", "--frames", "8"]))
    let evaluate = [
      "evaluate", "--checkpoint", scratch("run"), "--data", clips, "--batch", "4096", "--threads",
      "1",
    ]
    let result = try shell("ulimit -v 4000000; \(launcher)\(try command(evaluate))")
    #expect(result.status == 2, "\(result)")
    let words = "out of memory: "
    let lines = result.stderr.split(separator: "\n").filter { $0.contains(words) }
    #expect(!lines.isEmpty && lines.allSatisfy { $0.hasSuffix("lower --batch or --size") })
    #expect(!result.stderr.contains("Fatal error"), "\(result)")
  }

  /// What OpenBLAS does not get it asks for again and again.
  @Test(arguments: [500_000, 700_000, 900_000, 1_100_000])
  func littleRoomForLibrariesIsNoHang(kilobytes: Int) throws {
    let train = try command(arguments("run", ["--epochs", "1"]))
    let result = try shell("ulimit -v \(kilobytes); timeout -s KILL 300 \(train)")
    // The loader may fail before it comes to this program.
    #expect(result.status < 128 && result.status != 124, "\(result)")
    guard result.status == 2 else { return }
    #expect(result.stderr.contains("error: out of memory: "), "\(result)")
    #expect(!result.stderr.contains("Fatal error"), "\(result)")
  }

  /// A log that is written where a pipe or a folder lies is lost, and that is said.
  @Test func aLogIsAFile() throws {
    try FileManager.default.createDirectory(
      atPath: scratch("run"), withIntermediateDirectories: false)
    #expect(mkfifo(scratch("run/log.txt"), 0o600) == 0)
    let train = try command(arguments("run", ["--epochs", "1"]))
    let result = try shell("timeout -s KILL 60 \(train) > /dev/full")
    #expect(result.status == 1, "\(result)")
    #expect(result.stderr.contains("standard output could not be written"), "\(result)")
    #expect(!result.stderr.contains("its lines are in"), "\(result)")
  }

  @Test func outputsThatAreNoFilesAreWrittenTo() throws {
    _ = try run(arguments("run", ["--epochs", "1"]))
    try writePredictionInput("in.h5")
    let evaluate = ["evaluate", "--checkpoint", scratch("run"), "--data", clips, "--report"]
    let shown = try shell(try command(evaluate + ["/dev/stdout"]))
    #expect(shown.status == 0 && shown.stdout.contains("\"conv_ratio\":"), "\(shown)")
    #expect(try shell(try command(evaluate + ["/dev/null"])).status == 0)
    var device = stat()
    #expect(stat("/dev/null", &device) == 0 && device.st_mode & S_IFMT == S_IFCHR)

    #expect(mkfifo(scratch("pipe"), 0o600) == 0)
    let predict = ["predict", "--checkpoint", scratch("run"), "--input", scratch("in.h5")]
    let piped = try shell(
      "cat '\(scratch("pipe"))' > '\(scratch("copy.h5"))' & "
        + "\(try command(predict + ["--output", scratch("pipe")])); s=$?; wait; exit $s")
    #expect(piped.status == 0, "\(piped)")
    #expect(try HDF5File.open(scratch("copy.h5")).shape("/logits") == [2, 2])

    // A link is followed, not replaced.
    try FileManager.default.createSymbolicLink(
      atPath: scratch("link.json"), withDestinationPath: scratch("target.json"))
    try scratch.write("target.json", "old")
    #expect(try shell(try command(evaluate + [scratch("link.json")])).status == 0)
    #expect(try scratch.text("target.json").contains("conv_ratio"))
  }

  @Test func argumentsAreText() throws {
    for launcher in ["", "mpirun -n 2 --oversubscribe "] {
      let check = "\(launcher)\(try command(["check"])) $'caf\\xe9.csv'"
      let result = try shell(check)
      #expect(result.status == 2, "\(result)")
      #expect(result.stderr.contains("argument 2, caf\u{FFFD}.csv, is not UTF-8"), "\(result)")
    }
  }

  @Test func onlyDevicesAndStreamsAreNoFiles() {
    for path in ["/dev/stdout", "/dev/fd/1", "/dev/null", "/proc/self/fd/1"] {
      #expect(SpecialFile.replaceable(path) == nil, "\(path)")
    }
    for path in ["/dev/shm/vared-none", scratch("none")] {
      #expect(SpecialFile.replaceable(path) == path)
    }
  }

  @Test func outputsAreCheckedBeforeTheWork() throws {
    _ = try run(arguments("run", ["--epochs", "1"]))
    try writePredictionInput("in.h5")
    let before = try Data(contentsOf: URL(fileURLWithPath: scratch("in.h5")))
    func refusal(_ output: String, input: String = "in.h5") throws -> String {
      let result = try launch([
        "predict", "--checkpoint", scratch("run"), "--input", scratch(input), "--output", output,
      ]).run()
      #expect(result.status == 2, "\(result)")
      return result.stderr
    }
    #expect(try refusal(scratch("in.h5")).contains("is what this command reads"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch("in.h5"))) == before)
    #expect(try refusal(scratch("no/out.h5")).contains("found no folder"))
    #expect(try refusal(scratch("run")).contains("is a folder"))
    try writePredictionInput("nan.h5", broken: true)
    let broken = try refusal(scratch("out.h5"), input: "nan.h5")
    #expect(broken.contains("/clips[1]: expected normalized values, found nan"), "\(broken)")
    #expect(!scratch.exists("out.h5"))
  }

  /// A log that nobody takes any more ends no training, and is kept in the run's folder.
  @Test(arguments: ["> /dev/full", ">&-", "| head -c 10 > /dev/null"])
  func aTrainingOutlivesItsStandardOutput(_ redirection: String) throws {
    let result = try shell(try command(arguments("run")) + " " + redirection)
    #expect(result.status == 1, "\(result)")
    #expect(result.stderr.contains("standard output could not be written"), "\(result)")
    #expect(try newest("run").header.position.epoch == 3)
    let log = try scratch.text("run/log.txt")
    #expect(log.contains("epoch 3/3") && log.contains("done: 3 epochs"), "\(log)")
  }

  @Test func whatCannotBeShownIsNoSuccess() throws {
    for arguments in [["check", clips], ["count", "--size", "16", "--frames", "2"], ["--help"]] {
      let result = try shell(try command(arguments) + " > /dev/full")
      #expect(result.status == 2, "\(arguments): \(result)")
      #expect(result.stderr.contains("standard output: cannot be written"), "\(result)")
    }
  }

  @Test func jobsWhoseReportIsLostAreNoSuccess() throws {
    let shape = ["--width", "0.125", "--frames", "2", "--size", "16", "--batch", "2"]
    for arguments in [["doctor"] + shape, ["verify-resume"] + arguments("x", ["--steps", "2"])] {
      let result = try shell(try command(arguments) + " > /dev/full")
      #expect(result.status == 1, "\(arguments): \(result)")
      #expect(result.stderr.contains("standard output could not be written"), "\(result)")
    }
  }

  /// Where an epoch ended there was a checkpoint.
  @Test func nothingIsBegunAfreshWhereCheckpointsAreGone() throws {
    _ = try run(arguments("run", ["--epochs", "1"]))
    let manager = FileManager.default
    try manager.moveItem(atPath: scratch("run/checkpoints"), toPath: scratch("away"))
    let metrics = try scratch.text("run/metrics.jsonl")
    let result = try launch(arguments("run", ["--epochs", "2"])).run()
    #expect(result.status == 2 && result.stderr.contains("checkpoints are gone"), "\(result)")
    #expect(try scratch.text("run/metrics.jsonl") == metrics)
    try manager.moveItem(atPath: scratch("away"), toPath: scratch("run/checkpoints"))
    _ = try run(arguments("run", ["--epochs", "2"]))
    _ = try losses("run", steps: 8)
    // A run whose disk took no checkpoint begins afresh, and says so.
    try manager.copyItem(atPath: scratch("run"), toPath: scratch("full"))
    for file in Checkpoint.files(scratch("full")) { try manager.removeItem(atPath: file) }
    let afresh = try run(arguments("full", ["--epochs", "2"]))
    #expect("\(afresh)".contains("has metrics up to step 8 and no checkpoint"), "\(afresh)")
    #expect(try scratch.text("full/metrics.jsonl.before").contains("\"step\":8"))
    // Of a run that goes on from another one's folder it is the newest.
    _ = try run(arguments("branch", ["--epochs", "3", "--resume", scratch("run")]))
    #expect(try newest("branch").header.position.step == 12)
  }

  @Test func nothingIsBegunAfreshOverWhatWasSetAside() throws {
    _ = try run(arguments("run", ["--epochs", "1"]))
    let name = try #require(
      FileManager.default.contentsOfDirectory(atPath: scratch("run/checkpoints")).first)
    let path = scratch("run/checkpoints/\(name)")
    #expect(rename(path, path + ".damaged") == 0)
    let result = try launch(arguments("run", ["--epochs", "2"])).run()
    #expect(result.status == 2 && result.stderr.contains("those set aside"), "\(result)")
    #expect(rename(path + ".damaged", path) == 0)
    _ = try run(arguments("run", ["--epochs", "2"]))
    _ = try losses("run", steps: 8)
  }

  @Test(arguments: [
    (["synthesize", "--output", "o", "--val", "9223372036854775807"], "--val"),
    (["synthesize", "--output", "o", "--train=-1"], "--train"),
    (["synthesize", "--output", "o", "--frames", "9223372036854775807"], "--frames"),
    (["count", "--classes", "9223372036854775807"], "--classes"),
    (["count", "--classes=-9223372036854775808"], "--classes"),
  ])
  func numbersOfFlagsHaveBounds(_ arguments: [String], _ flag: String) throws {
    let result = try launch(arguments).run()
    #expect(result.status == 2 && result.stderr.contains(flag), "\(result)")
  }

  @Test func clipsOfAnotherElementTypeAreRefused() throws {
    let file = try HDF5File.create(scratch("words.h5"))
    let count = 2 * 2 * 16 * 16 * 3
    try file.write("/clips", [Int32](repeating: 300, count: count), shape: [2, 2, 16, 16, 3])
    try file.write("/labels", [0, 1] as [Int64], shape: [2])
    try file.close()
    let result = try launch(["check", scratch("words.h5")]).run()
    #expect(result.status == 2 && result.stderr.contains("another element type"), "\(result)")
  }
}
