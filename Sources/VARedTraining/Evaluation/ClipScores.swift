// The scores of one rank's clips, summed over their views.

import Foundation
import VARedData
import VARedNN

/// What one rank knows about its clips while it evaluates.
package struct ClipScores {
  /// The network's classes of each clip.
  let labels: [[Int]]
  private let classes: Int
  private let isMultiLabel: Bool
  /// Softmax, or with several labels a clip sigmoids, summed over the views, `[clips, classes]`.
  private var probabilities: [Double]
  private var isBad: [Bool]
  private var executedMACs: [Double]
  private var convRatio: [Double]
  /// Where costs are in seconds; else zero.
  private var timeRatio: [Double]
  /// Of all passes, where costs are in seconds.
  private(set) var scatter: Scatter?
  private var viewCount: [Double]
  /// Views of decoded clips by themselves: correct, and correct within five.
  private var viewsCorrect = (top1: 0, top5: 0)
  private var choices: PolicyCounts
  /// Of the views of clips that were decoded.
  private(set) var gateWeights: WeightHistograms
  /// The network's seconds per clip of each pass.
  private var seconds: [Double] = []
  /// The clips that could not be decoded.
  private(set) var bad: [BadClip] = []

  /// - Parameters:
  ///   - labels: the network's classes of each of this rank's clips.
  ///   - classes: the network's number of classes.
  ///   - isMultiLabel: a clip has any number of them.
  ///   - scatter: the network's.
  init(
    labels: [[Int]], classes: Int, isMultiLabel: Bool, layers: [DynamicLayerInfo],
    scatter: Scatter? = nil
  ) {
    self.scatter = scatter?.cleared
    self.labels = labels
    self.classes = classes
    self.isMultiLabel = isMultiLabel
    let clips = labels.count
    choices = PolicyCounts(layers, rows: clips)
    gateWeights = WeightHistograms(layers)
    probabilities = [Double](repeating: 0, count: clips * classes)
    isBad = [Bool](repeating: false, count: clips)
    executedMACs = [Double](repeating: 0, count: clips)
    (convRatio, timeRatio) = (executedMACs, executedMACs)
    viewCount = executedMACs
  }

  /// Runs the network on a batch whose clips are this rank's numbers `first...`.
  mutating func add(_ batch: ClipBatch, at first: Int, _ network: VideoNetwork) throws {
    guard batch.count > 0 else { return }
    let start = ContinuousClock.now
    let inference = try network.infer(Clips(batch.clips, of: network.configuration.clip))
    seconds.append(start.duration(to: .now) / .seconds(1) / Double(batch.count))
    if let pass = network.scatter { scatter?.add(pass) }
    let refused = Set(batch.bad.map(\.index))
    for n in 0..<batch.count {
      let clip = first + n
      if refused.contains(batch.indices[n]) && !isBad[clip] {
        isBad[clip] = true
        bad += batch.bad.filter { $0.index == batch.indices[n] }
      }
      executedMACs[clip] += Double(inference.executedMACs[n])
      convRatio[clip] += inference.convRatio[n]
      timeRatio[clip] += inference.timeRatio?[n] ?? 0
      choices.add(inference, clip: n, toRow: clip)
      if !isBad[clip] { gateWeights.add(inference, clip: n) }
      addScores(inference.logits[n * classes..<(n + 1) * classes], clip: clip)
    }
  }

  /// Adds one view's scores, and counts whether they are right by themselves.
  mutating func addScores(_ logits: ArraySlice<Float>, clip: Int) {
    viewCount[clip] += 1
    let scores = Self.scores(of: logits, isMultiLabel: isMultiLabel)
    for (k, score) in scores.enumerated() { probabilities[clip * classes + k] += score }
    guard !isMultiLabel, !isBad[clip], let label = labels[clip].first else { return }
    let place = Self.place(of: label, in: scores[...])
    viewsCorrect.top1 += place < 1 ? 1 : 0
    viewsCorrect.top5 += place < 5 ? 1 : 0
  }

  /// Clips, correct, correct within five, conv ratio, MACs, the median pass's seconds per clip,
  /// whether there was a pass, bad clips, views, correct views, views correct within five, clips
  /// with scores that are not finite, time ratio, then `scatter.counts`: this rank's sums. Bad
  /// clips, which were replaced by others, count for nothing but their number, and in `scatter`.
  var sums: [Double] {
    var sums = [Double](repeating: 0, count: 13)
    for clip in decoded {
      let place = place(clip: clip)
      sums[0] += 1
      sums[1] += place < 1 ? 1 : 0
      sums[2] += place < 5 ? 1 : 0
      sums[3] += convRatio[clip] / viewCount[clip]
      sums[4] += executedMACs[clip] / viewCount[clip]
      sums[8] += viewCount[clip]
      sums[11] += isFinite(clip) ? 0 : 1
      sums[12] += timeRatio[clip] / viewCount[clip]
    }
    if !seconds.isEmpty {
      sums[5] = seconds.sorted()[seconds.count / 2]
      sums[6] = 1
    }
    sums[7] = Double(isBad.count { $0 })
    (sums[9], sums[10]) = (Double(viewsCorrect.top1), Double(viewsCorrect.top5))
    return sums + (scatter?.counts ?? [])
  }

  /// The clips that were decoded.
  var decoded: [Int] { labels.indices.filter(isDecoded) }

  /// Whether a clip was decoded, so that its numbers are its own.
  func isDecoded(_ clip: Int) -> Bool { !isBad[clip] && viewCount[clip] > 0 }

  /// A clip's class with the highest score; nil: its scores are no numbers, or those of another.
  func prediction(clip: Int) -> (index: Int, score: Double)? {
    guard isDecoded(clip), isFinite(clip) else { return nil }
    let scores = scores(clip: clip)
    let highest = Self.highest(of: scores)
    return (highest, scores[highest])
  }

  /// Means over the views of a clip: executed MACs, executed ratio of the dynamic convolutions, and
  /// the shares of frames and channels, 1 where no layer is dynamic.
  func ratios(clip: Int) -> (macs: Double, conv: Double, temporal: Double, channel: Double) {
    let group =
      choices.layers.isEmpty ? nil : PolicyStatistics.Group("", choices, row: clip)
    let views = max(1, viewCount[clip])
    return (
      executedMACs[clip] / views, convRatio[clip] / views, group?.temporalRatio ?? 1,
      group?.channelRatio ?? 1
    )
  }

  /// Whether all scores of a clip are numbers: its logits were finite in every view.
  private func isFinite(_ clip: Int) -> Bool {
    probabilities[clip * classes..<(clip + 1) * classes].allSatisfy(\.isFinite)
  }

  /// The mean over the views of a clip's scores, `[classes]`.
  func scores(clip: Int) -> [Double] {
    probabilities[clip * classes..<(clip + 1) * classes].map { $0 / viewCount[clip] }
  }

  /// How many classes score higher than a clip's label; with several labels, all.
  private func place(clip: Int) -> Int {
    guard !isMultiLabel, let label = labels[clip].first else { return classes }
    return Self.place(of: label, in: probabilities[clip * classes..<(clip + 1) * classes])
  }

  /// Sums over the decoded clips of each class.
  /// - Parameter rows: the rows that each clip is added to, below `classes`.
  func classSums(_ rows: [[Int]], classes: Int) -> ClassSums {
    var sums = ClassSums(classes: classes)
    for clip in decoded {
      for row in rows[clip] {
        sums.add(
          toClass: row, isCorrect: place(clip: clip) == 0,
          convRatio: convRatio[clip] / viewCount[clip],
          executedMACs: executedMACs[clip] / viewCount[clip])
      }
    }
    return sums
  }

  /// Decoded clips by class and predicted class, `[classes, classes]`; empty with several labels a
  /// clip. Clips whose scores are not numbers are of no predicted class.
  var confusion: [Double] {
    guard !isMultiLabel else { return [] }
    var counts = [Double](repeating: 0, count: classes * classes)
    for clip in decoded {
      guard let label = labels[clip].first, isFinite(clip) else { continue }
      counts[label * classes + Self.highest(of: scores(clip: clip))] += 1
    }
    return counts
  }

  /// What was chosen in all views of the clips that were decoded, summed by class; the last row is
  /// that of all clips.
  /// - Parameter rows: the rows that each clip is added to, below `classes`.
  func choices(_ rows: [[Int]], classes: Int) -> PolicyCounts {
    choices.summed(
      into: rows.indices.map { isBad[$0] ? [] : rows[$0] + [classes] }, rows: classes + 1)
  }

  /// How many classes score higher than `label`; of equals, the lower index comes first. A score
  /// that is not a number is never right.
  static func place(of label: Int, in scores: ArraySlice<Double>) -> Int {
    let own = scores[scores.startIndex + label]
    guard own.isFinite else { return .max }
    return scores.enumerated().count { k, score in score > own || (score == own && k < label) }
  }

  /// The first class with the highest score.
  static func highest(of scores: [Double]) -> Int {
    scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 }
  }

  /// Softmax, or with several labels a clip sigmoids, of one view's logits.
  package static func scores(of logits: ArraySlice<Float>, isMultiLabel: Bool) -> [Double] {
    isMultiLabel ? logits.map { sigmoid($0) } : softmax(logits)
  }

  static func sigmoid(_ logit: Float) -> Double { 1 / (1 + exp(-Double(logit))) }

  static func softmax(_ logits: ArraySlice<Float>) -> [Double] {
    let highest = Double(logits.max() ?? 0)
    let powers = logits.map { exp(Double($0) - highest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
