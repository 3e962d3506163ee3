// How the tests of this module start RankChecks and judge what came of it.

import Foundation
import TestSupport
import Testing

/// How many ranks every collective is tested with; 8 is oversubscribed on most machines.
let rankCounts = [1, 2, 3, 8]

/// Runs named checks (`a` or `a,b`, then arguments) under `mpirun`, or alone with `ranks` nil.
func rankCheck(_ arguments: String, ranks: Int?) throws -> LaunchResult {
  let words = arguments.split(separator: " ").map(String.init)
  return try RankLaunch("RankChecks", words, ranks: ranks).run()
}

/// Expects that the checks passed on all ranks: exit status 0 and the ranks' common word for each.
func expectPass(
  _ result: LaunchResult, _ arguments: String, ranks: Int,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let names = arguments.prefix { $0 != " " }.split(separator: ",")
  let expected = names.map { "PASS \($0) on \(ranks) ranks" }
  let passes = result.stdout.components(separatedBy: "\n").filter { $0.hasPrefix("PASS") }
  #expect(
    result.status == 0 && !result.timedOut && passes == expected,
    "\(arguments), \(ranks) ranks: \(result)", sourceLocation: sourceLocation)
}
