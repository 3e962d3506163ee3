// Runs that go on with other ranks, batches or data: what they say, and which clips they show.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedData

@testable import VARedTraining

@Suite(.serialized) struct ResumeTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips(train: 24)
  }

  /// A run of one epoch with batch 4, of which the first three steps are kept.
  private func interrupted(_ output: String) throws {
    _ = try run(
      arguments(output, ["--epochs", "1", "--checkpoint-every", "1", "--keep-checkpoints", "0"]))
    for step in 4...6 {
      try FileManager.default.removeItem(
        atPath: scratch("\(output)/checkpoints/step-0000000\(step).h5"))
    }
  }

  @Test(arguments: [(5, nil, 24 / 5 * 5), (8, nil, 24), (2, 3, 24), (5, 2, 20)])
  func anEpochShowsEveryClipOnce(batch: Int, ranks: Int?, clips: Int) throws {
    try interrupted("run")
    let more = ["--epochs", "1", "--batch", "\(batch)"]
    let result = try run(arguments("run", more), ranks: ranks)
    #expect(result.stdout.contains("epoch 1 of 1 goes on with clip 13 of \(clips)"), "\(result)")
    #expect(result.stdout.contains("not that of an uninterrupted run"), "\(result)")
    let perStep = batch * (ranks ?? 1)
    #expect(result.stdout.contains("a step reads \(perStep) clips now; it read 4 up to step 3"))
    let epoch = try #require(try objects("run").last { $0["kind"] as? String == "epoch" })
    #expect(epoch["clips"] as? Int == clips)
  }

  @Test func ranksShareWhatIsLeftOfAStep() {
    let left = [9, 4, 7, 1, 3, 8, 2].dropFirst(0)
    let parts = (0..<3).map { TrainingSetup.share(of: left, rank: $0, ranks: 3) }
    #expect(parts == [[9, 4], [7, 1], [3, 8]])
    #expect(TrainingSetup.share(of: left, rank: 0, ranks: 1) == Array(left))
  }

  @Test func whatChangedInTheDataIsCounted() throws {
    try scratch.write("labels.csv", "")
    func record(_ rows: [String]) throws -> ClipRecord {
      for row in rows {
        let name = row.split(separator: ",")[0]
        if !scratch.exists("\(name)") { try scratch.write("\(name)", "x") }
      }
      try scratch.write("labels.csv", "path,label,split\n" + rows.joined(separator: "\n") + "\n")
      return ClipRecord(try Dataset.open(scratch("labels.csv"), videos: nil))
    }
    let before = try record([
      "a.mp4,run,train", "b.mp4,run,train", "c.mp4,walk,train", "d.mp4,walk,val", "a.mp4,run,train",
    ])
    try before.write(scratch("record.h5"))
    let read = try ClipRecord(reading: scratch("record.h5"))
    #expect(read == before && before.changes(to: read).isEmpty)
    let now = try record([
      "d.mp4,walk,val", "e.mp4,run,train", "b.mp4,walk,train", "c.mp4,walk,val", "a.mp4,run,train",
    ])
    let changes = before.changes(to: now)
    #expect(
      changes == ClipRecord.Changes(added: 1, removed: 1, relabelled: 1, moved: 1), "\(changes)")
    #expect(
      changes.text
        == "clips: 1 added, 1 removed, 1 with another label, 1 moved to another split")
  }

  @Test func aResumeSaysWhatIsTheSame() throws {
    let more = ["--epochs", "2", "--checkpoint-every", "1"]
    _ = try run(arguments("run", more))
    for step in 11...12 {
      try FileManager.default.removeItem(
        atPath: scratch("run/checkpoints/step-000000\(step).h5"))
    }
    let same = try run(arguments("run", more)).stdout
    #expect(same.contains("to the bit") && !same.contains("note:"), "\(same)")
    #expect(same.contains("(step 10): epoch 2 of 2 goes on with clip 17 of 24"), "\(same)")
    let other = try run(arguments("run", more + ["--threads", "2"])).stdout
    #expect(other.contains("note: a rank has 2 threads now; it had 1 up to step 12"), "\(other)")
    #expect(other.contains("all 2 epochs are done"), "\(other)")
  }
}
