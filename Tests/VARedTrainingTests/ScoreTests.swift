// How scores become accuracies and distributions.

import Testing
import VARedData

@testable import VARedTraining

@Suite struct ScoreTests {
  @Test func placeOfALabel() {
    let scores: [Double] = [9, 9, 0.1, 0.7, 0.7, 0.2]
    #expect(ClipScores.place(of: 3 - 2, in: scores[2...]) == 0)
    #expect(ClipScores.place(of: 4 - 2, in: scores[2...]) == 1)
    #expect(ClipScores.place(of: 0, in: scores[2...]) == 3)
    #expect(ClipScores.place(of: 1, in: [.nan, .nan]) == 2)
  }

  @Test func softmaxSumsToOne() {
    let p = ClipScores.softmax([1000, 1001, 999][...])
    #expect(abs(p.reduce(0, +) - 1) < 1e-12)
    #expect(abs(p[1] / p[0] - 2.718281828) < 1e-6)
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
