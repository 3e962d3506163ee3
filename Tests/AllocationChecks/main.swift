// AllocationChecks: what a step allocates once it is warm. `AllocationChecks [--trace]` prints a
// line for each case, `case: training N, inference M`: allocations of our code and of the Swift
// runtime in three steps and in three inferences, without the arrays that an inference returns.
// `--trace` prints what the C libraries allocate and more call sites.
// Exit status: 0 whatever was counted, 1 if the counter itself or a case does not do what it says.

import Foundation
import VARedNN

let trace = CommandLine.arguments.contains("--trace")

func fail(_ message: String) -> Never {
  FileHandle.standardError.write(Data("error: \(message)\n".utf8))
  exit(1)
}

let seen = CounterCheck.seen()
if seen != 4 { fail("expected the counter to see 4 kinds of allocations, found \(seen)") }

let cases: [(String, Architecture, AllocationCase.Policies)] = [
  ("fixed", .r2plus1d18, .none), ("open gates", .r2plus1d18, .open),
  ("forced 0 0", .r2plus1d18, .forced(temporal: 0, channel: 0)),
  ("forced 1 1", .r2plus1d18, .forced(temporal: 1, channel: 1)),
  ("differing policies", .r2plus1d18, .differing),
  ("motion energy", .r2plus1d18, .differingByMotion),
  ("costs in seconds", .r2plus1d18, .differingInSeconds), ("frozen gates", .r2plus1d18, .frozen),
  ("drawn candidates", .r2plus1d18, .drawn), ("X3D-M", .x3dM, .none),
  ("dynamic X3D-M", .x3dM, .differing), ("X3D-M by motion", .x3dM, .differingByMotion),
]
for threads in [1, 2] {
  for (name, architecture, policies) in cases {
    let test = AllocationCase(
      name: "\(name), threads \(threads)", architecture: architecture, policies: policies,
      threads: threads)
    let outcome = try test.run()
    if policies.differ && !outcome.differing {
      fail("\(test.name): expected clips whose policies differ, found none")
    }
    let inference = outcome.inference.own - outcome.returnedArrays
    print("\(test.name): training \(outcome.training.own), inference \(inference)")
    for (kind, tally, count) in [
      ("training", outcome.training, outcome.training.own),
      ("inference", outcome.inference, inference),
    ] where count != 0 || trace {
      print(" \(kind):")
      for line in tally.lines(trace ? 100 : 10) { print(line) }
      if trace { print("  libraries: \(tally.libraries)") }
    }
  }
}
