// The scores of one rank's clips, summed over their views.

import Foundation
import VARedData
import VARedNN

/// What one rank knows about its clips while it evaluates.
struct ClipScores {
  private let classes: Int
  /// Softmax summed over the views, `[clips, classes]`.
  private var probabilities: [Double]
  private var isBad: [Bool]
  private var executedMACs: [Double]
  private var convRatio: [Double]
  private var viewCount: [Double]
  private var choices: PolicyCounts
  private var seconds = 0.0
  private var passes = 0
  /// The clips that could not be decoded.
  private(set) var bad: [BadClip] = []

  init(clips: Int, classes: Int, layers: [DynamicLayerInfo]) {
    self.classes = classes
    choices = PolicyCounts(layers, rows: clips)
    probabilities = [Double](repeating: 0, count: clips * classes)
    isBad = [Bool](repeating: false, count: clips)
    executedMACs = [Double](repeating: 0, count: clips)
    convRatio = executedMACs
    viewCount = executedMACs
  }

  /// Runs the network on a batch whose clips are this rank's numbers `first...`.
  mutating func add(_ batch: ClipBatch, at first: Int, _ network: VideoNetwork) throws {
    guard batch.count > 0 else { return }
    let start = ContinuousClock.now
    let inference = try network.infer(Clips(batch.clips, of: network.configuration.clip))
    seconds += start.duration(to: .now) / .seconds(1)
    passes += batch.count
    let refused = Set(batch.bad.map(\.index))
    for n in 0..<batch.count {
      let clip = first + n
      if refused.contains(batch.indices[n]) && !isBad[clip] {
        isBad[clip] = true
        bad += batch.bad.filter { $0.index == batch.indices[n] }
      }
      executedMACs[clip] += Double(inference.executedMACs[n])
      convRatio[clip] += inference.convRatio[n]
      choices.add(inference, clip: n, toRow: clip)
      viewCount[clip] += 1
      let logits = inference.logits[n * classes..<(n + 1) * classes]
      for (k, p) in Self.softmax(logits).enumerated() { probabilities[clip * classes + k] += p }
    }
  }

  /// Clips, correct, correct within five, conv ratio, MACs, seconds, passes, bad clips: this rank's
  /// sums. Bad clips, which were replaced by others, count for nothing but their number.
  func sums(labels: [Int]) -> [Double] {
    var sums = [Double](repeating: 0, count: 8)
    for (clip, label) in labels.enumerated() where !isBad[clip] && viewCount[clip] > 0 {
      let place = Self.place(
        of: label, in: probabilities[clip * classes..<(clip + 1) * classes])
      sums[0] += 1
      sums[1] += place < 1 ? 1 : 0
      sums[2] += place < 5 ? 1 : 0
      sums[3] += convRatio[clip] / viewCount[clip]
      sums[4] += executedMACs[clip] / viewCount[clip]
    }
    sums[5] = seconds
    sums[6] = Double(passes)
    sums[7] = Double(isBad.count { $0 })
    return sums
  }

  /// Executed MACs per view of every clip that was decoded.
  var meanMACs: [Double] { meanOverViews(executedMACs) }

  /// Conv ratio per view of every clip that was decoded.
  var meanConvRatios: [Double] { meanOverViews(convRatio) }

  private func meanOverViews(_ sums: [Double]) -> [Double] {
    isBad.indices.filter { !isBad[$0] && viewCount[$0] > 0 }.map { sums[$0] / viewCount[$0] }
  }

  /// What was chosen in all views of the clips that were decoded, summed by class.
  /// - Parameter rows: the class of each clip, below `classes`.
  func choices(byClass rows: [Int], classes: Int) -> PolicyCounts {
    choices.summed(into: rows.indices.map { isBad[$0] ? nil : rows[$0] }, rows: classes)
  }

  /// How many classes score higher than `label`; of equals, the lower index comes first. A score
  /// that is not a number is never right.
  static func place(of label: Int, in scores: ArraySlice<Double>) -> Int {
    let own = scores[scores.startIndex + label]
    guard own.isFinite else { return scores.count }
    return scores.enumerated().count { k, score in score > own || (score == own && k < label) }
  }

  static func softmax(_ logits: ArraySlice<Float>) -> [Double] {
    let highest = Double(logits.max() ?? 0)
    let powers = logits.map { exp(Double($0) - highest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
