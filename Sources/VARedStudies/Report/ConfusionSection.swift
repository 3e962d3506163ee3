// The confusion matrix and the most frequent mistakes, as a page shows them.

import Foundation
import VARedTraining

/// One run's mistakes for the page's template.
struct ConfusionSection {
  private let names: [String]
  private let counts: [[Int]]

  /// Classes of a matrix at most; of more only the mistakes are listed.
  static let mostClasses = 60
  /// Percent of opacity of the strongest shade, on which text can still be read.
  private let strongest = 65.0
  /// Mistakes listed at most.
  static let mostMistakes = 15

  init(_ run: ReportedRun) {
    names = run.evaluation.confusionClasses ?? []
    counts = run.evaluation.confusion ?? []
  }

  var members: [String: Any] {
    let mistakes = mistakes
    return [
      "hasConfusion": !counts.isEmpty,
      "hasMatrix": !counts.isEmpty && counts.count <= Self.mostClasses,
      "columns": names.map { ["name": $0] as [String: Any] },
      "matrix": counts.count <= Self.mostClasses ? counts.indices.map(row) : [],
      "hasMistakes": !mistakes.isEmpty,
      "mistakes": mistakes,
    ]
  }

  private func row(_ k: Int) -> [String: Any] {
    let total = max(1, counts[k].reduce(0, +))
    return [
      "name": names[k],
      "cells": counts[k].indices.map { column -> [String: Any] in
        let count = counts[k][column]
        let share = Double(count) / Double(total)
        return [
          "count": count == 0 ? "" : "\(count)",
          "shade": String(format: "%.0f", strongest * share),
          "isHit": column == k,
          "words": "\(count) of \(total) clips of \(names[k]) taken for \(names[column])",
        ]
      },
    ]
  }

  private var mistakes: [[String: Any]] {
    let all = counts.indices.flatMap { row in
      counts[row].indices.filter { $0 != row && counts[row][$0] > 0 }
        .map { (row: row, column: $0, count: counts[row][$0]) }
    }
    return all.sorted { ($0.count, $1.row, $1.column) > ($1.count, $0.row, $0.column) }
      .prefix(Self.mostMistakes).map { one in
        let total = max(1, counts[one.row].reduce(0, +))
        return [
          "name": names[one.row], "taken": names[one.column], "count": one.count,
          "share": RunFacts.percent(Double(one.count) / Double(total)),
        ]
      }
  }
}
