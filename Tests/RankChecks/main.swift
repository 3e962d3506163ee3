// RankChecks: what `mpirun` starts in the tests. `RankChecks <name> [--piece-bytes N] [argument…]`
// runs one named check on every rank; the ranks agree on pass or fail.
// Exit status: 0 passed on every rank, 1 failed somewhere, 2 no such check.

import Foundation
import VARedDist

let arguments = Array(CommandLine.arguments.dropFirst())
guard let name = arguments.first, let body = rankChecks[name] else {
  let names = rankChecks.keys.sorted().joined(separator: " ")
  FileHandle.standardError.write(Data("usage: RankChecks <name>; names: \(names)\n".utf8))
  exit(2)
}
let check = try RankCheck(name, Array(arguments.dropFirst()))
check.communicator.endingJobOnFailure { try body(check) }
check.conclude()
