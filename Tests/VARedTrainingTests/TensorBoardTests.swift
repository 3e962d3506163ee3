// Event files: what TensorBoard would read from a run, also from one that was resumed or torn.
// scripts/test_tensorboard.sh asks TensorBoard itself.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedData

@testable import VARedTraining

@Suite(.serialized) struct TensorBoardTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips(train: 8)
  }

  @Test func checksumIsCastagnolis() {
    let sum = Array("123456789".utf8).withUnsafeBytes { CRC32C.of($0) }
    #expect(sum == 0xE306_9283)
  }

  @Test func recordsEndWhereOneIsTornOrDamaged() {
    let records = [Data("first".utf8), Data(), Data("third".utf8)]
    let bytes = records.map(RecordFraming.framed).reduce(Data(), +)
    func read(_ bytes: Data) -> [Data] {
      RecordFraming.records(of: bytes).map { bytes[$0.record] }
    }
    #expect(read(bytes) == records)
    for length in 0..<bytes.count { #expect(read(bytes.prefix(length)).count < 3) }
    for place in bytes.indices {
      var damaged = bytes
      damaged[place] ^= 0x10
      let sound = read(damaged)
      #expect(sound.count < 3)
      #expect(sound == Array(records.prefix(sound.count)))
    }
  }

  @Test func textIsNoMarkup() throws {
    let table = TBSummary.Value.table(
      "t", head: ["clip"], rows: [["<script>alert('1')</script> | `a` **b** [c](d) é"]])
    let bytes = try #require(table.tensor.stringVal.first)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(table.metadata.pluginData.pluginName == "text")
    let cell = try #require(text.split(separator: "\n").last)
    #expect(cell.filter { $0 == "|" }.count == 2)
    #expect(!cell.contains { "<>`*[]()'".contains($0) })
    #expect(cell.contains("script") && cell.contains("é"))
  }

  /// The events of a run's files, in the order in which TensorBoard reads them.
  private func events(_ output: String) throws -> [TBEvent] {
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch(output))
    return try names.filter { $0.contains("tfevents") }.sorted().flatMap { name in
      let bytes = try Data(contentsOf: URL(fileURLWithPath: scratch("\(output)/\(name)")))
      let records = RecordFraming.records(of: bytes)
      #expect(records.last?.framed.upperBound == bytes.count, "\(name)")
      return try records.map { try TBEvent(serializedBytes: bytes[$0.record]) }
    }
  }

  private func steps(_ events: [TBEvent]) -> [String: [Int]] {
    events.reduce(into: [:]) { steps, event in
      for value in event.summary.value { steps[value.tag, default: []].append(Int(event.step)) }
    }
  }

  @Test func aResumedRunHasEveryStepOnce() throws {
    let flags = arguments("run", ["--checkpoint-every", "1", "--keep-checkpoints", "0"])
    _ = try run(flags)
    for step in 5...6 {
      try FileManager.default.removeItem(
        atPath: scratch("run/checkpoints/step-0000000\(step).h5"))
    }
    _ = try run(flags)
    let events = try events("run")
    let steps = steps(events)
    #expect(steps["train/loss"] == Array(1...6))
    #expect(steps["val/top1"] == [2, 4, 6])
    #expect(steps["clips/most_costly"] == [2, 4, 6])
    #expect(Set(steps.values.map { Set($0).count == $0.count }) == [true])
    let losses = events.flatMap(\.summary.value).filter { $0.tag == "train/loss" }
    #expect(losses.map(\.simpleValue) == (try self.losses("run", steps: 6)).map { Float($0) })
    // Every number of a step's line is there.
    let line = try #require(try objects("run").first { $0["kind"] as? String == "step" })
    for (key, value) in line where key != "step" && value is Double {
      #expect(steps["train/\(key)"] == Array(1...6), "\(key)")
    }
  }

  @Test func anEvaluationThatIsMadeAgainIsThereOnce() throws {
    let flags = arguments("run", ["--epochs", "2"])
    _ = try run(flags)
    // As if the run had been killed before the end of the second epoch was written.
    let lines = try scratch.text("run/metrics.jsonl").split(separator: "\n").dropLast(2)
    try scratch.write("run/metrics.jsonl", lines.map { $0 + "\n" }.joined())
    _ = try run(flags)
    let steps = steps(try events("run"))
    #expect(steps["train/loss"] == Array(1...4))
    #expect(steps["val/top1"] == [2, 4] && steps["epoch/loss"] == [2, 4])
  }

  @Test func histogramsCountTheClips() throws {
    _ = try run(arguments("run", ["--epochs", "1"]), ranks: 2)
    let values = try events("run").flatMap(\.summary.value)
    let lines = try objects("run")
    let evaluation = try #require(lines.first { $0["kind"] as? String == "evaluation" })
    let clips = try #require(evaluation["clips"] as? Double)
    let weights = values.filter { $0.tag.hasPrefix("gate_weights/") }
    #expect(!weights.isEmpty)
    for value in weights {
      #expect(value.histo.num == clips && value.histo.bucket.reduce(0, +) == clips, "\(value.tag)")
      #expect(value.histo.sum <= clips && value.histo.sumSquares <= value.histo.sum + 1e-6)
    }
    let pictures = values.filter { $0.tag.hasPrefix("clips/") && $0.image.width > 0 }
    #expect(pictures.count == 2 * min(4, Int(clips) / 2))
    #expect(pictures.allSatisfy { $0.image.encodedImageString.starts(with: Array("GIF89a".utf8)) })
  }

  @Test func aDamagedFileEndsAtTheDamage() throws {
    let flags = arguments("run", ["--epochs", "1"])
    _ = try run(flags)
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: scratch("run")).first {
        $0.contains("tfevents")
      })
    var bytes = try Data(contentsOf: URL(fileURLWithPath: scratch("run/\(name)")))
    bytes.removeLast(3)
    try bytes.write(to: URL(fileURLWithPath: scratch("run/\(name)")))
    let result = try run(flags + ["--epochs", "2"])
    #expect(result.stdout.contains("torn or damaged, and left out"), "\(result)")
    #expect(steps(try events("run"))["train/loss"] == Array(1...4))
  }

  @Test func itCanBeSwitchedOff() throws {
    _ = try run(arguments("run", ["--epochs", "1", "--no-tensorboard"]))
    #expect(try events("run").isEmpty)
  }
}
