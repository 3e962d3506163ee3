// How scores become accuracies and distributions.

import Foundation
import Testing
import VARedData

@testable import VARedTraining

@Suite struct ScoreTests {
  @Test func placeOfALabel() {
    let scores: [Double] = [9, 9, 0.1, 0.7, 0.7, 0.2]
    #expect(ClipScores.place(of: 3 - 2, in: scores[2...]) == 0)
    #expect(ClipScores.place(of: 4 - 2, in: scores[2...]) == 1)
    #expect(ClipScores.place(of: 0, in: scores[2...]) == 3)
    #expect(ClipScores.place(of: 1, in: [.nan, .nan]) == .max)
  }

  @Test func softmaxSumsToOne() {
    let p = ClipScores.softmax([1000, 1001, 999][...])
    #expect(abs(p.reduce(0, +) - 1) < 1e-12)
    #expect(abs(p[1] / p[0] - 2.718281828) < 1e-6)
  }

  /// scikit-learn's `average_precision_score` gives the same.
  @Test func averagePrecisionByHand() {
    #expect(averagePrecision(scores: [1, 2], positives: [false, false]) == nil)
    let mixed = averagePrecision(
      scores: [0.1, 0.4, 0.35, 0.8], positives: [false, false, true, true])
    #expect(abs((mixed ?? 0) - (1 + 2.0 / 3) / 2) < 1e-12)
    // Clips of the same score are one step: precision 2/3 at once, then 3/5 for the last.
    let tied = averagePrecision(
      scores: [0.5, 0.5, 0.5, 0.2, 0.2], positives: [true, false, true, true, false])
    #expect(abs((tied ?? 0) - (2 * 2.0 / 3 + 3.0 / 5) / 3) < 1e-12)
    #expect(averagePrecision(scores: [.nan, 0.1], positives: [true, false]) == 0.5)
    #expect(averagePrecision(scores: [3, 2, 1], positives: [true, true, false]) == 1)
  }

  /// Five videos of classes 0, 1, 1, 2, 2 in two views each, the last not decoded.
  private func scores(isMultiLabel: Bool, _ labels: [[Int]]) -> ClipScores {
    var scores = ClipScores(labels: labels, classes: 3, isMultiLabel: isMultiLabel, layers: [])
    let views: [[[Float]]] = [
      [[2, 0, 0], [3, 0, 0]],  // right in both views
      [[1, 0, 0], [0, 5, 0]],  // right in one, and together
      [[0, 0, 4], [0, 1, 0]],  // right in one, together class 2
      [[0, 3, 0], [0, 3, 0]],  // wrong
    ]
    for (clip, views) in views.enumerated() {
      for view in views { scores.addScores(view[...], clip: clip) }
    }
    return scores
  }

  @Test func accuraciesByHand() {
    let labels = [[0], [1], [1], [2], [2]]
    let scores = scores(isMultiLabel: false, labels)
    #expect(scores.decoded == [0, 1, 2, 3])
    let sums = scores.sums
    #expect(sums[0] == 4 && sums[1] == 2 && sums[2] == 4)
    #expect(sums[8] == 8 && sums[9] == 4 && sums[10] == 8)
    #expect(scores.confusion == [1, 0, 0, 0, 1, 1, 0, 1, 0])
    let classes = scores.classSums(labels, classes: 3).results(
      names: ["a", "b", "c"], precisions: nil)
    #expect(classes.map(\.name) == ["a", "b", "c"] && classes.map(\.clips) == [1, 2, 1])
    #expect(classes.map(\.correct) == [1, 1, 0])
  }

  @Test func classesOfClipsWithSeveralLabels() {
    let labels = [[0, 2], [], [2], [0], []]
    let scores = scores(isMultiLabel: true, labels)
    #expect(scores.confusion.isEmpty && scores.sums[1] == 0)
    let sigmoids = scores.scores(clip: 1)
    #expect(abs(sigmoids[0] - (1 / (1 + exp(-1)) + 0.5) / 2) < 1e-12 && sigmoids[2] == 0.5)
    let classes = scores.classSums(labels, classes: 3).results(
      names: ["a", "b", "c"], precisions: [0.25, 0, 0.75])
    #expect(classes.map(\.name) == ["a", "c"] && classes.map(\.clips) == [2, 2])
    #expect(classes.map(\.averagePrecision) == [0.25, 0.75])
    #expect(classes.allSatisfy { $0.correct == nil })
  }

  /// What a class costs: means over its clips of what their views executed.
  @Test func costsOfAClass() {
    var sums = ClassSums(classes: 2)
    sums.add(toClass: 1, isCorrect: true, convRatio: 0.5, executedMACs: 2e9)
    sums.add(toClass: 1, isCorrect: false, convRatio: 0.75, executedMACs: 4e9)
    let results = sums.results(names: ["a", "b"], precisions: nil)
    #expect(
      results == [
        ClassResult(
          name: "b", clips: 2, correct: 1, averagePrecision: nil, convRatio: 0.625,
          executedGMACs: 3)
      ])
    #expect(
      results[0].json.text
        == #"{"name":"b","clips":2,"accuracy":0.5,"conv_ratio":0.625,"executed_gmacs":3.0}"#)
  }

  @Test func viewsOfAVideo() {
    #expect(Evaluator.views(.clip, windows: 10, crops: 3) == [.center])
    let views = Evaluator.views(.video, windows: 2, crops: 3)
    #expect(views.count == 6)
    #expect(views[4] == .window(index: 1, of: 2, crop: 1, crops: 3))
    #expect(Evaluator.crops(size: 112) == 1 && Evaluator.crops(size: 113) == 3)
  }

  @Test func quantilesAreClips() {
    var result = EvaluationResult()
    #expect(result.executedGMACs(quantile: 0.5).isNaN)
    result.distribution = [1, 2, 3, 4, 10]
    #expect([0, 0.25, 0.5, 1].map { result.executedGMACs(quantile: $0) } == [1, 2, 3, 10])
  }
}
