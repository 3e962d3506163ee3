// What a report's page shows, as the members that its template names.

import Foundation
import VARedTraining

/// The members of the page's template. Text is as it is; the template escapes it.
struct ReportContent {
  let runs: [ReportedRun]
  /// Of each run: the last part of its path, or all of it where runs share that.
  let names: [String]

  init(_ runs: [ReportedRun]) {
    self.runs = runs
    let last = runs.map { $0.name.split(separator: "/").last.map(String.init) ?? $0.name }
    names = Set(last).count == last.count ? last : runs.map(\.name)
  }

  var members: [String: Any] {
    let curves = CurveFigures(runs: runs, names: names)
    var members: [String: Any] = [
      "title": title,
      "isOne": runs.count == 1,
      "names": names.enumerated().map { ["name": $1, "link": "run-\($0)"] as [String: Any] },
      "tiles": zip(runs, names).map { RunFacts($0, beside: runs).tiles(named: $1) },
      "facts": RunFacts.table(runs),
      "curves": Self.figures(curves.quantities),
      "comparison": runs.count > 1 ? Self.figures(CostFigures.runs(runs, names: names)) : [],
    ]
    var bytes = ClipPictures.mostBytes
    members["sections"] = runs.indices.map { place -> [String: Any] in
      let section = section(place, bytes: bytes)
      bytes -= section.bytes
      return section.members
    }
    return members
  }

  private var title: String {
    guard runs.count == 1 else { return "\(runs.count) runs: " + names.joined(separator: ", ") }
    return "\(runs[0].network), on \(runs[0].configuration.data)"
  }

  /// The figures of a page.
  static func figures(_ figures: [ReportFigure]) -> [[String: Any]] {
    figures.map { ["caption": $0.title, "svg": $0.svg, "isWide": $0.isWide] }
  }

  private func section(_ place: Int, bytes: Int) -> (members: [String: Any], bytes: Int) {
    let run = runs[place]
    let clips = ClipSection(
      run, pictures: CostlyClips.mostPictures / runs.count, bytes: bytes)
    let confusion = ConfusionSection(run)
    var members: [String: Any] = [
      "link": "run-\(place)",
      "heading": names[place],
      "isDynamic": run.isDynamic,
      "policy": Self.figures(PolicyFigures(run)?.all ?? []),
      "seconds": Self.figures(CurveFigures.seconds(of: run)),
      "costs": Self.figures([CostFigures.classes(of: run)].compactMap { $0 }),
      "classes": Self.classes(run),
      "scoreName": run.evaluation.map == nil ? "accuracy" : "average precision",
      "hasBad": !run.badClips.isEmpty,
      "bad": run.badClips.prefix(Self.mostBad).map {
        ["split": $0.split, "path": $0.path, "reason": $0.reason] as [String: Any]
      },
      "badMore": max(0, run.badClips.count - Self.mostBad),
      "hasBadMore": run.badClips.count > Self.mostBad,
    ]
    members.merge(clips.members) { $1 }
    members.merge(confusion.members) { $1 }
    return (members, clips.bytes)
  }

  /// Lines about bad clips at most.
  private static let mostBad = 200

  private static func classes(_ run: ReportedRun) -> [[String: Any]] {
    run.evaluation.classes.map {
      [
        "name": $0.name, "clips": $0.clips, "score": RunFacts.number($0.score),
        "ratio": RunFacts.percent($0.convRatio), "gmacs": RunFacts.number($0.executedGmacs),
      ]
    }
  }
}
