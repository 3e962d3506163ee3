// `vared-train prepare` as a whole: what trains on it, how it is stopped and goes on, what it
// refuses.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedData

@testable import VARedTraining

@Suite(.serialized) struct PreparationTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    let shapes = MovingShapes(
      shapes: [.circle], motions: [.still, .grow], trainClipsPerClass: 10, valClipsPerClass: 2,
      frames: 8, size: 32)
    clips = try shapes.write(to: scratch("videos"))
  }

  /// A shard for every two clips or so.
  private func prepare(_ output: String, _ more: [String] = []) -> [String] {
    ["prepare", clips, "--output", scratch(output), "--shard-size", "0.02"] + more
  }

  /// The files of a folder of the suite's, by name.
  private func files(_ folder: String) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch(folder))
    return try Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, try Data(contentsOf: URL(fileURLWithPath: scratch("\(folder)/\($0)"))))
      })
  }

  private func expectSame(
    _ one: String, _ other: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let (one, other) = (try files(one), try files(other))
    #expect(one.keys.sorted() == other.keys.sorted(), sourceLocation: sourceLocation)
    for (name, bytes) in one {
      #expect(other[name] == bytes, "\(name)", sourceLocation: sourceLocation)
    }
  }

  @Test func rawFramesTrainToTheBitAsVideosDo() throws {
    _ = try run(prepare("raw", ["--frames-format", "raw"]))
    _ = try run(arguments("on-videos", ["--epochs", "1"]))
    _ = try run(arguments("on-raw", ["--epochs", "1", "--data", scratch("raw")]))
    #expect(try losses("on-raw", steps: 5) == losses("on-videos", steps: 5))
    let report = ["--report", scratch("report.json"), "--data", scratch("raw/manifest.json")]
    _ = try run(["evaluate", "--checkpoint", scratch("on-raw"), "--threads", "1"] + report)
    #expect(scratch.exists("report.json"))
  }

  @Test func oneAndThreeRanksMakeTheSame() throws {
    _ = try run(prepare("one", ["--data-threads", "1"]))
    _ = try run(prepare("three", ["--data-threads", "2"]), ranks: 3)
    try expectSame("one", "three")
    #expect(try files("one").keys.contains("shard-00004.h5"))
  }

  @Test func killedAndContinuedItMakesTheSame() throws {
    _ = try run(prepare("whole"))
    var random = SplitMix64(seed: 18)
    for kill in 1...5 {
      let running = try launch(prepare("killed", ["--data-threads", "1"])).start()
      waitFor(kill == 1 ? "killed" : "killed/shard-0000\(kill - 2).h5")
      usleep(UInt32(random.below(40_000)))
      Glibc.kill(running.processID, SIGKILL)
      _ = running.wait()
    }
    _ = try run(prepare("killed"))
    try expectSame("whole", "killed")
  }

  @Test func interruptedItLeavesNothingHalf() throws {
    // So many clips that the signal comes before the end.
    let labels = try scratch.text("videos/labels.csv").split(separator: "\n")
    let many = labels.prefix(1) + (0..<25).flatMap { _ in labels.dropFirst() }
    try scratch.write("videos/many.csv", many.joined(separator: "\n") + "\n")
    let prepare = ["prepare", scratch("videos/many.csv")] + prepare("stopped").dropFirst(2)
    let running = try launch(prepare + ["--data-threads", "1"]).start()
    waitFor("stopped/manifest.json")
    Glibc.kill(running.processID, SIGINT)
    let result = running.wait()
    #expect(result.status == 130 && !result.endedBySignal, "\(result)")
    #expect(result.stdout.contains("stopped by SIGINT with "))
    #expect(try !files("stopped").keys.contains { $0.hasSuffix(".partial") })
    #expect(!scratch.exists("stopped/index.csv"))
    let refused = try launch(arguments("run", ["--data", scratch("stopped")])).run()
    #expect(refused.status == 2 && refused.stderr.contains("goes on where it was stopped"))
    #expect(try run(prepare).stdout.contains("complete: 500 training and 100 validation"))
  }

  @Test func aSecondRunDoesNothingAndAnotherIsRefused() throws {
    _ = try run(prepare("set"))
    let shard = scratch("set/shard-00001.h5")
    let before = try FileManager.default.attributesOfItem(atPath: shard)
    let again = try run(prepare("set"))
    #expect(again.stdout.hasPrefix("complete: 20 training and 4 validation clips, "))
    let after = try FileManager.default.attributesOfItem(atPath: shard)
    #expect(after[.modificationDate] as? Date == before[.modificationDate] as? Date)

    func expectRefused(_ arguments: [String], _ reason: String) throws {
      let result = try launch(arguments).run()
      #expect(result.status == 2 && result.stderr.contains(reason), "\(result)")
      #expect(result.stderr.split(separator: "\n").count == 1)
    }
    try expectRefused(
      prepare("set", ["--quality", "80"]), "was prepared with --quality 90, not --quality 80")
    let labels = try scratch.text("videos/labels.csv").split(separator: "\n")
    try scratch.write("videos/fewer.csv", labels.dropLast().joined(separator: "\n"))
    try expectRefused(
      ["prepare", scratch("videos/fewer.csv")] + prepare("set").dropFirst(2),
      "was prepared from another list")
    try expectRefused(
      ["prepare", scratch("set"), "--output", scratch("twice")], "decoded already")
    try expectRefused(prepare("other", ["--quality", "0"]), "--quality: expected 1 to 100")
    try scratch.write("videos/index.csv", "mine")
    try expectRefused(
      ["prepare", clips, "--output", scratch("videos")], "holds index.csv but no manifest.json")
  }

  /// Without an index, or with a shard less, it makes what is missing and nothing else.
  @Test func whatIsLostIsMadeAgain() throws {
    _ = try run(prepare("set"))
    let whole = try files("set")
    for name in ["index.csv", "shard-00002.h5"] {
      try FileManager.default.removeItem(atPath: scratch("set/\(name)"))
      _ = try run(prepare("set"))
      #expect(try files("set") == whole)
    }
  }

  @Test func badVideosAreListedAndNoneIsAnError() throws {
    try scratch.write("videos/train/broken.mp4", "no video")
    try scratch.write(
      "videos/all-bad.csv", "path,label,split\ntrain/broken.mp4,a,train\nempty.mp4,a,val\n")
    try scratch.write("videos/empty.mp4", "")
    let result = try launch(
      ["prepare", scratch("videos/all-bad.csv"), "--output", scratch("bad")]
    ).run()
    #expect(result.status == 2 && result.stderr.contains("found none of 2"), "\(result)")
    let list = try scratch.text("bad/bad-clips.csv").split(separator: "\n")
    #expect(list.count == 3 && list[2] == "empty.mp4,an empty file,val")
  }
}
