// A decoder that does not come back while a set is prepared.

import Foundation
import Synchronization
import Testing

@testable import VARedData

@Suite struct GuardedPreparationTests {
  /// Longer than a busy machine keeps a thread from running.
  private let hangSeconds = 3.0

  /// Stores clips as the program does, but for one video, at which it waits until `gate` is opened,
  /// and then still delivers a frame.
  private func preparation(
    hangingOn video: String, gate: Gate, isCancelled: @escaping @Sendable () -> Bool
  ) -> GuardedPreparation {
    GuardedPreparation(hangSeconds: hangSeconds, isCancelled: isCancelled) { isOver in
      let preparation = ClipPreparation(PreparationOptions(), isCancelled: isOver)
      return { source, atMost, deliver in
        if source.path.hasSuffix(video) {
          gate.wait()
          defer { gate.leave() }
          return try preparation.store(source, atMost: atMost, deliver: deliver)
        }
        return try preparation.store(source, atMost: atMost, deliver: deliver)
      }
    }
  }

  @Test func aVideoThatHangsIsABadClip() throws {
    let sets = try PreparedSets()
    let dataset = try Dataset.open(sets.list)
    try sets.folder.make("set")
    let path = sets.folder.file("set")
    let plan = PreparationPlan(dataset, PreparationOptions(), threads: 2)
    let folder = PreparedFolder(path: path, plan: plan)
    let gate = Gate()
    var outcomes: [Int] = []
    for shard in plan.shards.indices {
      var bad = 0
      let isMade = try plan.makeShard(
        shard, in: path,
        with: preparation(hangingOn: "turned.mp4", gate: gate, isCancelled: { false }),
        isCancelled: { false }
      ) { if case .bad = $0 { bad += 1 } }
      #expect(isMade)
      outcomes.append(bad)
    }
    gate.open()
    gate.waitUntilLeft()
    #expect(outcomes.reduce(0, +) == 1 && gate.left == 1)
    let lists = try folder.lists()
    #expect(
      lists.badClips
        == "path,reason,split\nv/turned.mp4,a decoder that did not come back within 3 s,train\n")
    try sets.folder.write(lists.index, to: "set/index.csv")
    try sets.folder.write(lists.manifest.text, to: "set/manifest.json")
    let stored = try Dataset.open(path)
    #expect(stored.count(.train) == 3 && stored.count(.val) == 2)
    let geometry = ClipGeometry(frames: 4, frameStride: 2, size: 16)
    for split in Split.allCases {
      for clip in 0..<stored.count(split) {
        let floats = try PreparedSets.floats(stored, split, clip, .center, geometry)
        #expect(floats.allSatisfy { $0.isFinite })
      }
    }
  }

  @Test func itCanBeCalledOffWhileAVideoHangs() throws {
    let sets = try PreparedSets()
    try sets.folder.make("set")
    let plan = PreparationPlan(
      try Dataset.open(sets.list), PreparationOptions(), threads: 2)
    let gate = Gate()
    let isMade = try plan.makeShard(
      0, in: sets.folder.file("set"),
      with: preparation(hangingOn: "turned.mp4", gate: gate) { gate.entered > 0 },
      isCancelled: { gate.entered > 0 }
    ) { _ in }
    #expect(!isMade && gate.left == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: sets.folder.file("set")).isEmpty)
    gate.open()
    gate.waitUntilLeft()
  }

  /// A thread that decodes for longer than a silence may last, and shows that it lives.
  @Test func aVideoThatTakesLongIsNoneThatHangs() throws {
    let asked = Mutex(0)
    let preparation = GuardedPreparation(hangSeconds: 1, isCancelled: { false }) { isOver in
      { _, _, _ in
        for _ in 0..<30 {
          usleep(100_000)
          asked.withLock { $0 += isOver() ? 0 : 1 }
        }
        return ClipPreparation.Stored(
          isTimed: false, frames: 1, fps: 0, duration: 0, timeUnit: 0)
      }
    }
    let stored = try preparation.store(.video(path: "a.mp4")) { _, _, _, _ in }
    #expect(stored.frames == 1 && asked.withLock { $0 } == 30)
  }

  /// Training and `prepare` refuse a picture for the same reason.
  @Test func narrowPicturesAreRefusedInTheSameWords() throws {
    let folder = try TemporaryFolder()
    try makeVideo(folder.file("thin.mp4"), width: 264, height: 8, times: [0, 1]) { _, _, _ in
      (9, 9, 9)
    }
    try folder.write("path,label,split\nthin.mp4,a,train\n", to: "list.csv")
    let dataset = try Dataset.open(folder.file("list.csv"))
    let training = #expect(throws: DatasetError.self) {
      try PreparedSets.floats(
        dataset, .train, 0, .center, ClipGeometry(frames: 2, frameStride: 1, size: 16))
    }
    let preparing = #expect(throws: DatasetError.self) {
      try ClipPreparation(PreparationOptions()).store(dataset.source(.train, 0)) { _, _, _, _ in }
    }
    #expect(training?.found == "a picture of 264×8, narrower than 1:32")
    #expect(preparing?.found == training?.found)
  }
}
