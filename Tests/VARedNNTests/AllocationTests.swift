// A warm step allocates nothing: what it needs is planned when the network is built.

import TestSupport
import Testing

@Suite struct AllocationTests {
  /// Eight kinds of policies, and a second network, fixed and dynamic, each with one and with two
  /// threads.
  @Test func warmStepsAllocateNothing() throws {
    let result = try RankLaunch("AllocationChecks", [], ranks: nil).run()
    #expect(result.status == 0 && !result.timedOut, "\(result)")
    let cases = result.stdout.split(separator: "\n").filter { $0.contains(": training ") }
    #expect(cases.count == 24, "\(result)")
    #expect(cases.allSatisfy { $0.hasSuffix(": training 0, inference 0") }, "\(result.stdout)")
  }
}
