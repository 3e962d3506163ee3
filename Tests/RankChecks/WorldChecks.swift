// Checks that every rank knows its place in the job, and that ranks can disagree.

import Foundation
import VARedDist

/// rank, size, nodeRank and nodeSize against what the launcher says; a second start is the first.
func checkWorld(_ check: RankCheck) throws {
  let communicator = check.communicator
  let environment = ProcessInfo.processInfo.environment
  func number(_ name: String, alone: Int) -> Int { Int(environment[name] ?? "") ?? alone }
  check.expectEqual(check.rank, number("OMPI_COMM_WORLD_RANK", alone: 0), "rank")
  check.expectEqual(check.size, number("OMPI_COMM_WORLD_SIZE", alone: 1), "size")
  check.expectEqual(
    communicator.nodeRank, number("OMPI_COMM_WORLD_LOCAL_RANK", alone: 0), "nodeRank")
  check.expectEqual(
    communicator.nodeSize, number("OMPI_COMM_WORLD_LOCAL_SIZE", alone: 1), "nodeSize")
  check.expect(try Communicator.initialize() === communicator, "a second start made another world")
  let expected = Int(check.arguments.first ?? "") ?? -1
  check.expectEqual(check.size, expected, "ranks against the test's own number")
}

/// Fails on the last rank only: a test sees that one rank's failure is the job's.
func checkDisagree(_ check: RankCheck) throws {
  check.expect(check.rank != check.size - 1, "the last rank disagrees")
}
