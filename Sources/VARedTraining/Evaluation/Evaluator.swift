// Running a network over a split: every rank a part of it, every clip once.

import Foundation
import VARedData
import VARedDist
import VARedNN

/// Evaluates a network on one split of a dataset, shared out over the ranks.
package struct Evaluator {
  let communicator: Communicator
  let dataset: Dataset
  let split: Split
  let geometry: ClipGeometry
  /// Clips per rank and pass through the network; at most what the network was planned for.
  let batch: Int
  let dataThreads: Int
  package let views: [View]
  /// The network's class of each of the dataset's classes.
  let classMap: [Int]

  /// One centre clip, or `windows` windows × `crops` crops.
  package static func views(_ kind: EvaluationViews, windows: Int, crops: Int) -> [View] {
    switch kind {
    case .clip: return [.center]
    case .video:
      return (0..<windows).flatMap { window in
        (0..<crops).map { View.window(index: window, of: windows, crop: $0, crops: crops) }
      }
    }
  }

  /// The crops of METHOD §6: one at 112 pixels and below, three above.
  package static func crops(size: Int) -> Int { size <= 112 ? 1 : 3 }

  /// Evaluates; every rank gets the same result, rank 0 also the distribution and the bad clips.
  /// Collective.
  ///
  /// - Parameters:
  ///   - policies: where the policies of these clips, by their index in the split, come from.
  ///   - isInterrupted: asked after every batch, collective; true ends the evaluation.
  ///   - progress: told what happens, for the stall watch.
  /// - Returns: nil if it was interrupted.
  /// - Throws: `DatasetError`, `MPIError`.
  package func run(
    _ network: VideoNetwork, policies: ([Int]) -> PolicySource,
    isInterrupted: () throws -> Bool = { false },
    progress: (String) -> Void = { _ in }
  ) throws -> (result: EvaluationResult, bad: [BadClipEntry])? {
    let batches = ShardedSampler(
      count: dataset.count(split), ranks: communicator.size, rank: communicator.rank, batch: batch,
      shuffle: false, seed: 0, dropLast: false
    ).batches(epoch: 0)
    var scores = ClipScores(
      clips: batches.joined().count, classes: network.configuration.classes,
      layers: network.dynamicLayers)
    for view in views {
      let loader = ClipLoader(
        dataset: dataset, split: split, geometry: geometry, batches: batches, view: { _ in view },
        threads: dataThreads, ahead: 2)
      defer { loader.stop() }
      var first = 0
      progress("evaluation")
      while let clips = try loader.next() {
        ClipWarnings.show(clips.notes)
        network.policies = policies(clips.indices)
        try scores.add(clips, at: first, network)
        first += clips.count
        progress("evaluation")
        if try isInterrupted() { return nil }
      }
    }
    return try reduce(scores, labels: batches.joined().map { dataset.label(split, $0) })
  }

  /// - Parameter labels: the dataset's, of this rank's clips.
  private func reduce(
    _ scores: ClipScores, labels: [Int]
  ) throws -> (result: EvaluationResult, bad: [BadClipEntry]) {
    var sums = scores.sums(labels: labels.map { classMap[$0] })
    try sums.withUnsafeMutableBufferPointer { try communicator.allReduceSum($0) }
    let clips = max(1, sums[0])
    var result = EvaluationResult()
    result.clips = Int(sums[0])
    result.top1 = sums[1] / clips
    result.top5 = sums[2] / clips
    result.convRatio = sums[3] / clips
    result.executedGMACs = sums[4] / clips / 1e9
    result.secondsPerClip = sums[5] / max(1, sums[6])
    result.badClips = Int(sums[7])
    result.views = views.count
    result.distribution = try gatherSorted(scores.meanMACs.map { $0 / 1e9 })
    result.convRatios = try gatherSorted(scores.meanConvRatios)
    var choices = scores.choices(byClass: labels, classes: dataset.classes.count)
    try choices.reduce(over: communicator)
    result.policies = PolicyStatistics(choices, classes: dataset.classes)
    return (result, try communicator.gatherBadClips(scores.bad) ?? [])
  }

  /// All ranks' values in ascending order, on rank 0; nothing on the others.
  private func gatherSorted(_ values: [Double]) throws -> [Double] {
    let gathered = try communicator.gather(values.withUnsafeBytes { Array($0) }) ?? []
    return gathered.flatMap { bytes in
      bytes.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
    }.sorted()
  }
}
