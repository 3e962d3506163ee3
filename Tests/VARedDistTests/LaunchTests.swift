// The launcher of rank tests itself: its time-out, its environment, and what it refuses.

import Foundation
import TestSupport
import Testing

@Suite(.serialized)
struct LaunchTests {
  @Test("a launch that hangs is ended", arguments: [nil, 2] as [Int?])
  func timeOut(ranks: Int?) throws {
    let launch = RankLaunch("RankChecks", ["signals", "wait"], ranks: ranks, timeoutSeconds: 3)
    let result = try launch.run()
    #expect(result.timedOut, "\(result)")
  }

  @Test("an MPI job around the tests does not reach the launch")
  func environment() throws {
    setenv("OMPI_COMM_WORLD_SIZE", "5", 1)
    defer { unsetenv("OMPI_COMM_WORLD_SIZE") }
    expectPass(try rankCheck("world 1", ranks: nil), "world", ranks: 1)
  }

  @Test("a missing executable is an error")
  func missing() {
    #expect(throws: LaunchError.self) { try RankLaunch("NoSuchProgram", [], ranks: 1).run() }
  }
}
