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
  /// Whether the network gives a clip any number of labels.
  let isMultiLabel: Bool

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

  /// Evaluates; every rank gets the same result, rank 0 also the distribution, every clip's numbers
  /// and the bad clips.
  /// Collective.
  ///
  /// - Parameters:
  ///   - policies: where the policies of these clips, by their index in the split, come from.
  ///   - isInterrupted: asked after every batch, collective; true ends the evaluation.
  ///   - progress: told after every batch how many views of this rank's clips are done; for the
  ///     stall watch, and for who watches.
  /// - Returns: nil if it was interrupted.
  /// - Throws: `DatasetError`, `MPIError`.
  package func run(
    _ network: VideoNetwork, policies: ([Int]) -> PolicySource,
    isInterrupted: () throws -> Bool = { false },
    progress: (_ done: Int) -> Void = { _ in }
  ) throws -> (result: EvaluationResult, bad: [BadClipEntry])? {
    let batches = ShardedSampler(
      count: dataset.count(split), ranks: communicator.size, rank: communicator.rank, batch: batch,
      shuffle: false, seed: 0, dropLast: false
    ).batches(epoch: 0)
    let indices = Array(batches.joined())
    let labels = indices.map { dataset.labels(split, $0) }
    var scores = ClipScores(
      labels: labels.map { $0.map { classMap[$0] } }, classes: network.configuration.classes,
      isMultiLabel: isMultiLabel, layers: network.dynamicLayers, scatter: network.scatter)
    for (pass, view) in views.enumerated() {
      let loader = ClipLoader(
        dataset: dataset, split: split, geometry: geometry, batches: batches, view: { _ in view },
        threads: dataThreads, ahead: 2)
      defer { loader.stop() }
      var first = 0
      progress(pass * indices.count)
      while let clips = try loader.next() {
        ClipWarnings.show(clips.notes)
        network.policies = policies(clips.indices)
        try scores.add(clips, at: first, network)
        first += clips.count
        progress(pass * indices.count + first)
        if try isInterrupted() { return nil }
      }
    }
    return try reduce(scores, indices: indices, labels: labels)
  }

  /// - Parameters:
  ///   - indices: the place in the split of each of this rank's clips.
  ///   - labels: the dataset's, of the same clips.
  private func reduce(
    _ scores: ClipScores, indices: [Int], labels: [[Int]]
  ) throws -> (result: EvaluationResult, bad: [BadClipEntry]) {
    let sums = try summed(scores.sums)
    let clips = max(1, sums[0])
    var result = EvaluationResult()
    result.clips = Int(sums[0])
    if !isMultiLabel { takeAccuracy(sums, into: &result) }
    result.convRatio = sums[3] / clips
    result.timeRatio = scores.scatter.map {
      sums[12] / clips + (sums[0] > 0 ? $0.ratio(of: sums.dropFirst(13)) : 0)
    }
    result.executedGMACs = sums[4] / clips / 1e9
    result.secondsPerClip = sums[5] / max(1, sums[6])
    result.badClips = Int(sums[7])
    result.notFiniteClips = Int(sums[11])
    result.views = views.count
    try takeClasses(scores, labels, into: &result)
    result.evaluated = try gather(scores.clips(indices: indices))
    let decoded = result.evaluated.filter { !$0.isBad }
    result.distribution = decoded.map { $0.executedMACs / 1e9 }.sorted()
    result.convRatios = decoded.map(\.convRatio).sorted()
    var choices = scores.choices(labels, classes: dataset.classes.count)
    try choices.reduce(over: communicator)
    result.policies = PolicyStatistics(choices, classes: dataset.classes)
    var weights = scores.gateWeights
    try weights.reduce(over: communicator)
    result.gateWeights = weights.layers.isEmpty ? nil : weights
    return (result, try communicator.gatherBadClips(scores.bad) ?? [])
  }

  private func takeAccuracy(_ sums: [Double], into result: inout EvaluationResult) {
    result.top1 = sums[1] / max(1, sums[0])
    result.top5 = sums[2] / max(1, sums[0])
    guard views.count > 1 else { return }
    result.clipTop1 = sums[9] / max(1, sums[8])
    result.clipTop5 = sums[10] / max(1, sums[8])
  }

  /// - Parameter labels: the dataset's, of this rank's clips.
  private func takeClasses(
    _ scores: ClipScores, _ labels: [[Int]], into result: inout EvaluationResult
  ) throws {
    var classes = scores.classSums(labels, classes: dataset.classes.count)
    classes.values = try summed(classes.values)
    let precisions = isMultiLabel ? try averagePrecisions(scores, labels) : nil
    result.classes = classes.results(names: dataset.classes, precisions: precisions)
    func mean(_ value: (ClassResult) -> Double) -> Double {
      result.classes.reduce(0) { $0 + value($1) } / Double(max(1, result.classes.count))
    }
    guard !isMultiLabel else {
      result.meanAveragePrecision = mean { $0.averagePrecision ?? 0 }
      return
    }
    result.meanClassAccuracy = mean { Double($0.correct ?? 0) / Double($0.clips) }
    let counts = try summed(scores.confusion).map { Int($0) }
    let width = Int(Double(counts.count).squareRoot())
    result.confusion = (0..<width).map { Array(counts[$0 * width..<($0 + 1) * width]) }
  }

  /// Of each class of the dataset over the clips of all ranks; 0 for one without clips.
  private func averagePrecisions(_ scores: ClipScores, _ labels: [[Int]]) throws -> [Double] {
    let count = dataset.classes.count
    let rows = scores.decoded.flatMap { clip in
      let own = scores.scores(clip: clip)
      let has = Set(labels[clip])
      return classMap.map { own[$0] } + (0..<count).map { has.contains($0) ? 1 : 0 }
    }
    let precisions = try gather(rows).map { all in
      (0..<count).map { k -> Double in
        let clips = stride(from: 0, to: all.count, by: 2 * count)
        return averagePrecision(
          scores: clips.map { all[$0 + k] }, positives: clips.map { all[$0 + count + k] == 1 }) ?? 0
      }
    }
    let told = precisions ?? [Double](repeating: 0, count: count)
    return Self.doubles(try communicator.broadcast(told.withUnsafeBytes { Array($0) }))
  }

  /// Sums over the ranks.
  private func summed(_ values: [Double]) throws -> [Double] {
    var sums = values
    try sums.withUnsafeMutableBufferPointer { try communicator.allReduceSum($0) }
    return sums
  }

  private static func doubles(_ bytes: [UInt8]) -> [Double] {
    bytes.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
  }

  /// All ranks' clips in the order of the split, on rank 0; none on the others.
  private func gather(_ clips: [EvaluatedClip]) throws -> [EvaluatedClip] {
    let all = try gather(clips.flatMap(\.values)) ?? []
    let width = EvaluatedClip.valueCount
    return stride(from: 0, to: all.count, by: width)
      .map { EvaluatedClip(values: all[$0..<$0 + width]) }
      .sorted { $0.index < $1.index }
  }

  /// All ranks' values, rank after rank, on rank 0; nil on the others.
  private func gather(_ values: [Double]) throws -> [Double]? {
    try communicator.gather(values.withUnsafeBytes { Array($0) })?.flatMap(Self.doubles)
  }
}

extension Evaluator {
  /// What shows on rank 0 how far an evaluation is: all ranks' clips, each once for every view.
  package func passProgress(
    _ what: String, on stream: PassProgress.Stream = .errors
  ) -> PassProgress? {
    guard communicator.rank == 0 else { return nil }
    return PassProgress(
      what, total: dataset.count(split) * views.count, ranks: communicator.size, on: stream)
  }
}
