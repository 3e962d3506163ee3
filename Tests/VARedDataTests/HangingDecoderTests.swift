// A thread that does not come back: its clip is replaced, the others are right, the loader ends.

import Foundation
import Testing

@testable import VARedData

@Suite struct HangingDecoderTests {
  let folder: TemporaryFolder
  private let geometry = ClipGeometry(frames: 1, frameStride: 1, size: 16)
  /// Much longer than the readers here take, that do not hang.
  private let hangSeconds = 3.0

  init() throws { folder = try TemporaryFolder() }

  /// Every clip in the view of one seed.
  private func source(count: Int, mixing: LabelMixing = LabelMixing()) throws -> ClipSource {
    for clip in 0..<count { try folder.touch("\(clip).mp4") }
    let labels = (0..<count).map { "\($0).mp4,\($0),train\n" }.joined()
    let path = try folder.write("path,label,split\n" + labels, to: "labels.csv")
    return ClipSource(
      dataset: try Dataset.open(path), split: .train, geometry: geometry,
      view: { _ in .train(seed: 0, augment: nil) }, mixing: mixing)
  }

  /// A loader of clips that are all of one value, their index.
  ///
  /// - Parameters:
  ///   - hanging: clips from which no reader comes back until `gate` is opened.
  private func loader(
    _ source: ClipSource, _ batches: [[Int]], threads: Int, hanging: Set<Int>, gate: Gate,
    seconds: Double? = nil
  ) -> ClipLoader {
    let floats = geometry.floatCount
    return ClipLoader(
      source: source, batches: batches, threads: threads, ahead: 2,
      hangSeconds: seconds ?? hangSeconds
    ) { _ in
      { index, _, clip in
        clip.update(repeating: Float(index), count: floats)
        if hanging.contains(index) {
          gate.wait()
          // What it writes at last must be in nobody's way.
          clip.update(repeating: .nan, count: floats)
          gate.leave()
        }
        return ClipReader.Shown()
      }
    }
  }

  private func all(_ loader: ClipLoader) throws -> [ClipBatch] {
    var batches: [ClipBatch] = []
    while let batch = try loader.next() { batches.append(batch) }
    return batches
  }

  @Test(arguments: [1, 3])
  func aHangingClipIsReplacedAndTheOthersAreRight(threads: Int) throws {
    let source = try source(count: 8)
    let (first, second) = (3, replacements(for: 3, count: 8)[0])
    let order = [[0, 1, 3, 2], [4, 5], [6, 3, second], [7]]
    let gate = Gate()
    let loader = loader(source, order, threads: threads, hanging: [first, second], gate: gate)
    let batches = try all(loader)
    gate.open()
    gate.waitUntilLeft()
    #expect(batches.map(\.indices) == order)
    for batch in batches {
      #expect(batch.bad.map(\.index) == batch.indices.filter { [first, second].contains($0) })
      for (slot, index) in batch.indices.enumerated() {
        let good = replacements(for: index, count: 8).first { ![first, second].contains($0) }!
        let isBad = [first, second].contains(index)
        let expected = isBad ? good : index
        let clip = batch.clips[slot * geometry.floatCount..<(slot + 1) * geometry.floatCount]
        #expect(clip.allSatisfy { $0 == Float(expected) }, "clip \(index)")
        #expect(batch.labels[slot] == source.dataset.label(.train, expected))
        let bad = BadClip(
          path: "\(index).mp4", reason: "a decoder that did not come back within 3 s",
          split: .train, index: index, replacement: good)
        #expect(batch.bad.contains(bad) == isBad)
      }
    }
  }

  @Test func aPartnerThatHangsIsLeftOut() throws {
    var mixing = LabelMixing()
    mixing.mixup = 1
    let source = try source(count: 4, mixing: mixing)
    let partner = try #require(mixing.draw(seed: 0, count: 4, size: 16)?.partner)
    let index = (0..<4).first { $0 != partner }!
    let gate = Gate()
    let loader = loader(source, [[index]], threads: 1, hanging: [partner], gate: gate)
    let batch = try #require(try loader.next())
    gate.open()
    gate.waitUntilLeft()
    #expect(batch.clips.allSatisfy { $0 == Float(index) } && batch.bad.isEmpty)
    #expect(batch.targets[source.dataset.label(.train, index)] == 1)
  }

  @Test func aLoaderThatHangsCanBeLeft() throws {
    let gate = Gate()
    var loader: ClipLoader? = loader(
      try source(count: 2), [[0], [1]], threads: 2, hanging: [0, 1], gate: gate, seconds: 1)
    while gate.entered < 2 { usleep(1000) }
    loader?.stop()
    #expect(try loader?.next() == nil)
    loader = nil
    #expect(gate.left == 0)
    gate.open()
    gate.waitUntilLeft()
  }

  @Test func aSplitThatHangsAsAWholeIsAnError() throws {
    let gate = Gate()
    let loader = loader(
      try source(count: 2), [[0]], threads: 1, hanging: [0, 1], gate: gate, seconds: 1)
    let error = try #require(throws: DatasetError.self) { try loader.next() }
    #expect(error.found.contains("0.mp4 and 1 others that do not (a decoder that did not come"))
    gate.open()
    gate.waitUntilLeft()
  }
}

/// Where readers stand until it is opened.
final class Gate: @unchecked Sendable {  // everything mutable is under `condition`
  private let condition = NSCondition()
  private var isOpen = false
  private var (enteredCount, leftCount) = (0, 0)

  var entered: Int { condition.withLock { enteredCount } }
  var left: Int { condition.withLock { leftCount } }

  func wait() {
    condition.withLock {
      enteredCount += 1
      while !isOpen { condition.wait() }
    }
  }

  func leave() {
    condition.withLock {
      leftCount += 1
      condition.broadcast()
    }
  }

  func open() {
    condition.withLock {
      isOpen = true
      condition.broadcast()
    }
  }

  func waitUntilLeft() {
    condition.withLock {
      while leftCount < enteredCount { condition.wait() }
    }
  }
}
