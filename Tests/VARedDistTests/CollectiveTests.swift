// Every collective with 1, 2, 3 and 8 ranks, as a singleton, and cut into small pieces.

import Foundation
import TestSupport
import Testing

@Suite(.serialized)
struct CollectiveTests {
  /// One launch runs all of them: starting ranks is what takes the time. The argument is a rank
  /// that does not exist, so that no rank differs and none fails.
  static let checks =
    "all-reduce,all-reduce-max,rank-groups,broadcast,gather,gather-numbers,barrier,buckets,"
    + "buckets-between,mpi-error,same,together 99"

  @Test("under mpirun", arguments: rankCounts)
  func underMpirun(ranks: Int) throws {
    expectPass(try rankCheck(Self.checks, ranks: ranks), Self.checks, ranks: ranks)
  }

  @Test("without mpirun")
  func singleton() throws {
    let result = try rankCheck(Self.checks, ranks: nil)
    expectPass(result, Self.checks, ranks: 1)
    #expect(result.stderr.isEmpty, "\(result)")
  }

  /// Open MPI's folder for all of a user's processes is a file here: nothing needs it.
  @Test("without mpirun processes share no folder")
  func ownFolder() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("vared-dist-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let host = ProcessInfo.processInfo.hostName
    for name in Set([host, String(host.prefix { $0 != "." })]) {
      try Data().write(to: folder.appendingPathComponent("ompi.\(name).\(getuid())"))
    }
    let launch = RankLaunch(
      "RankChecks", ["world", "1"], ranks: nil, environment: ["TMPDIR": folder.path])
    expectPass(try launch.run(), "world", ranks: 1)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(left.allSatisfy { $0.hasPrefix("ompi.") }, "\(left)")
  }

  @Test("ranks know their place", arguments: rankCounts)
  func world(ranks: Int) throws {
    expectPass(try rankCheck("world \(ranks)", ranks: ranks), "world", ranks: ranks)
  }

  @Test("in pieces", arguments: [8, 40_004])
  func inPieces(pieceBytes: Int) throws {
    let arguments = "all-reduce,broadcast,gather --piece-bytes \(pieceBytes)"
    expectPass(try rankCheck(arguments, ranks: 3), arguments, ranks: 3)
  }

  @Test("one rank's disagreement is the job's", arguments: [2, 3, 8])
  func disagree(ranks: Int) throws {
    let result = try rankCheck("disagree", ranks: ranks)
    #expect(result.status == 1 && !result.stdout.contains("PASS"), "\(result)")
    let line = "rank \(ranks - 1) of \(ranks): FAIL disagree: the last rank disagrees"
    #expect(result.stderr.contains(line), "\(result)")
  }

  @Test("an unknown check is an error")
  func unknown() throws {
    let result = try rankCheck("no-such-check", ranks: nil)
    #expect(result.status == 2 && result.stderr.hasPrefix("usage: RankChecks"), "\(result)")
  }
}
