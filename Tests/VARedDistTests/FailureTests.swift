// Any rank's failure ends the whole job, with its rank and reason and a non-zero status.

import TestSupport
import Testing

@Suite(.serialized)
struct FailureTests {
  @Test(
    "a rank that throws",
    arguments: [
      ("throw", 1, 0), ("throw", 2, 1), ("throw", 3, 0), ("throw", 8, 5), ("buckets", 3, 2),
      ("all", 8, 0),
    ])
  func throwing(_ way: String, ranks: Int, rank: Int) throws {
    let result = try rankCheck("fail \(way) \(rank)", ranks: ranks)
    #expect(result.status == 1 && !result.timedOut, "\(result)")
    let who = ranks == 1 ? "error" : "rank \(rank) of \(ranks)"
    let line = "\(who): broken on purpose and said in one line\n"
    #expect(result.stderr.components(separatedBy: line).count == 2, "\(result)")
  }

  @Test(
    "a rank that never says goodbye",
    arguments: [
      ("trap", 3, "trapped on purpose"), ("kill", 3, "process rank 1"),
      ("kill", 8, "process rank 1"),
      ("exit", 3, ",1],1]\n  Exit code:    7"),
    ])
  func vanishing(_ way: String, ranks: Int, words: String) throws {
    let result = try rankCheck("fail \(way) 1", ranks: ranks)
    #expect((result.status != 0 || result.endedBySignal) && !result.timedOut, "\(result)")
    #expect(result.stderr.contains(words), "\(result)")
  }

  @Test("a single process that throws says one line and nothing else")
  func singleton() throws {
    let result = try rankCheck("fail throw 0", ranks: nil)
    #expect(result.status == 1, "\(result)")
    #expect(result.stderr == "error: broken on purpose and said in one line\n", "\(result)")
  }

  @Test("what fails alike everywhere is said once", arguments: [(2, 0), (3, 1), (8, 7)])
  func together(ranks: Int, first: Int) throws {
    let result = try rankCheck("together \(first)", ranks: ranks)
    #expect(result.status == 2 && !result.timedOut, "\(result)")
    let lines = result.stderr.split(separator: "\n").filter { $0.contains("no such file") }
    #expect(lines == ["rank \(first) of \(ranks): no such file on rank \(first)"], "\(result)")
  }

  @Test("ranks that should hold the same and do not", arguments: [(2, 1), (3, 2), (8, 3)])
  func same(ranks: Int, first: Int) throws {
    let arguments = "same \(first)"
    expectPass(try rankCheck(arguments, ranks: ranks), arguments, ranks: ranks)
  }

  @Test("an error inside MPI names the call, the rank and the likely cause")
  func differentLengths() throws {
    let result = try rankCheck("different-lengths", ranks: 2)
    #expect(result.status == 1 && !result.timedOut, "\(result)")
    let line = "rank 1 of 2: MPI_Bcast failed: MPI_ERR_TRUNCATE: message truncated; "
    #expect(result.stderr.contains(line + "ranks passed different lengths"), "\(result)")
  }
}
