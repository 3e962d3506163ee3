// The clips that cost most and least, as a page shows them.

import Foundation
import VARedTraining

/// One run's clips for the page's template.
struct ClipSection {
  private let run: ReportedRun
  private let categories: [CostlyClips]
  private let pictures: ClipPictures

  /// - Parameters:
  ///   - run: whose clips are shown.
  ///   - pictures: clips shown at most.
  ///   - bytes: of their thumbnails at most.
  init(_ run: ReportedRun, pictures: Int, bytes: Int) {
    self.run = run
    categories = CostlyClips.categories(of: run, pictures: pictures)
    let clips = categories.flatMap { $0.most + $0.least }
    self.pictures = clips.isEmpty ? ClipPictures() : ClipPictures(of: clips, run: run, bytes: bytes)
    if let problem = self.pictures.problem { Terminal.warn("warning: \(problem)") }
  }

  /// Bytes of the thumbnails.
  var bytes: Int { pictures.uris.values.reduce(0) { $0 + $1.utf8.count } }

  var members: [String: Any] {
    let all = Set(run.evaluation.classes.map(\.name)).count
    return [
      "hasCategories": !categories.isEmpty,
      "categories": categories.map(category),
      "categoriesMissing": max(0, all - categories.count),
      "hasCategoriesMissing": all > categories.count && !categories.isEmpty,
      "pictureProblem": pictures.problem ?? "",
      "hasPictureProblem": pictures.problem != nil,
    ]
  }

  private func category(_ one: CostlyClips) -> [String: Any] {
    let result = run.evaluation.classes.first { $0.name == one.category }
    return [
      "category": one.category,
      "count": one.count,
      "mean": RunFacts.percent(one.convRatio),
      "meanValue": one.convRatio,
      "scoreText": result.map { RunFacts.percent($0.score) } ?? "–",
      "scoreValue": result?.score ?? 0,
      "ends": [
        ["end": "cost most", "cards": one.most.map(card)],
        ["end": "cost least", "cards": one.least.map(card)],
      ] as [[String: Any]],
    ]
  }

  private func card(_ clip: ClipTable.Row) -> [String: Any] {
    let percent = RunFacts.percent(clip.convRatio ?? .nan)
    let isRight = clip.prediction.map(run.labels(of: clip).contains) ?? false
    let prediction = clip.prediction ?? "no number"
    var card: [String: Any] = [
      "path": clip.path,
      "percent": percent,
      "part": String(format: "%.1f", 100 * max(0, min(1, clip.convRatio ?? 0))),
      "prediction": prediction,
      "probability": RunFacts.percent(clip.probability ?? .nan),
      "isRight": isRight,
      "gmacs": RunFacts.number((clip.executedMACs ?? .nan) / 1e9),
      "words": "\(clip.path), of class \(clip.label), taken for \(prediction); \(percent) of the "
        + "convolutions",
    ]
    if let uri = pictures.uris[clip.index] { card["picture"] = uri }
    card["hasPicture"] = pictures.uris[clip.index] != nil
    return card
  }
}
