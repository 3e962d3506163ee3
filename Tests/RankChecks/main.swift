// RankChecks: what `mpirun` starts in the tests. `RankChecks <name>[,<name>…] [--piece-bytes N]
// [argument…]` runs named checks on every rank; the ranks agree on pass or fail.
// Exit status: 0 all passed on every rank, 1 one failed somewhere, 2 no such check.

import Foundation
import VARedDist

let arguments = Array(CommandLine.arguments.dropFirst())
let names = (arguments.first ?? "").split(separator: ",").map(String.init)
guard !names.isEmpty, names.allSatisfy({ rankChecks[$0] != nil }) else {
  let known = rankChecks.keys.sorted().joined(separator: " ")
  FileHandle.standardError.write(Data("usage: RankChecks <name>; names: \(known)\n".utf8))
  exit(2)
}
let check = try RankCheck(Array(arguments.dropFirst()))
for name in names {
  check.communicator.endingJobOnFailure {
    try rankChecks[name]?(check)
    try check.agree(on: name)
  }
}
check.conclude()
