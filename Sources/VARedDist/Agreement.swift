// Agreement: ranks that must hold the same, or fail together, say so once instead of hanging later.

import Foundation

/// Ranks that should hold the same text and do not.
public struct RankDisagreement: Error, Equatable, Sendable, CustomStringConvertible {
  /// One line: which rank, what differs, and what to do.
  public let description: String
}

extension Communicator {
  /// Throws on every rank unless all hold the same text as rank 0.
  ///
  /// Call it once for what the lengths of later collectives follow from: MPI notices different
  /// lengths only sometimes; otherwise it hangs or writes past a buffer. Wraps `MPI_Bcast` and
  /// `MPI_Allreduce`. Collective.
  ///
  /// - Parameters:
  ///   - text: what must be the same, for example the resolved configuration or a parameter count.
  ///   - what: its name, for the error.
  /// - Throws: ``RankDisagreement`` on every rank; the lowest rank that differs also says where.
  ///   ``MPIError``.
  public func requireSame(_ text: String, _ what: String) throws {
    let first = String(decoding: try broadcast(Array(text.utf8)), as: UTF8.self)
    let lowest = size - (try allReduceMax(first == text ? 0 : size - rank))
    guard lowest < size else { return }
    var line = "rank \(lowest) has another \(what) than rank 0"
    if rank == lowest { line += Self.firstDifference(expected: first, found: text) }
    throw RankDisagreement(description: line + "; start every rank with the same flags and files")
  }

  private static func firstDifference(expected: String, found: String) -> String {
    let expected = expected.split(separator: "\n", omittingEmptySubsequences: false)
    let found = found.split(separator: "\n", omittingEmptySubsequences: false)
    let index = zip(expected, found).enumerated().first { $1.0 != $1.1 }?.offset
    guard let index else {
      return ": expected \(expected.count) lines, found \(found.count)"
    }
    return ": expected '\(expected[index])', found '\(found[index])'"
  }

  /// Runs `body` on every rank and goes on only if it went well on all of them; otherwise the
  /// lowest rank on which it failed reports, alone, and the job ends.
  ///
  /// For what fails alike everywhere, a missing file or a wrong flag: one line instead of one a
  /// rank. Collective; `body` must not call collectives that a failure on one rank would leave
  /// unmatched.
  ///
  /// - Parameters:
  ///   - status: the exit status for an error.
  ///   - body: what every rank does.
  /// - Returns: what `body` returned on this rank.
  public func together<Value>(
    status: (any Error) -> Int32 = { _ in 1 }, _ body: () throws -> Value
  ) -> Value {
    let result = Result { try body() }
    var failed = false
    if case .failure = result { failed = true }
    let lowest = endingJobOnFailure { size - (try allReduceMax(failed ? size - rank : 0)) }
    switch result {
    case .success(let value) where lowest == size: return value
    case .failure(let error) where lowest == rank: fail("\(error)", status: status(error))
    default:
      sleep(5)  // Rank `lowest` is reporting and ends this process.
      abort(1)
    }
  }
}
