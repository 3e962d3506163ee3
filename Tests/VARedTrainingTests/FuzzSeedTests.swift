// Seeds of the fuzzer, whole and in simple mutations: no reader traps, and each reads its seeds.

import Foundation
import FuzzReaders
import TestSupport
import Testing

@Suite struct FuzzSeedTests {
  /// Format 3 is refused without a seal; chunks that are not what the layout says are what libhdf5
  /// reads past the end of.
  private static let refused: Set = [
    "unsealed.h5", "large-chunk.h5", "short-inflated.h5", "nothing-shown.webm",
    "rows-beyond-integers.h5",
  ]

  @Test(arguments: FuzzReader.Kind.allCases)
  func seedsAreReadAndMutationsRefused(_ kind: FuzzReader.Kind) throws {
    let result = try RankLaunch("Fuzz", [kind.rawValue, "\(FuzzReader.seeds)/\(kind)"], ranks: nil)
      .run()
    #expect(result.status == 0 && !result.timedOut, "\(result)")
    let lines = result.stdout.split(separator: "\n")
    #expect(!lines.isEmpty)
    for line in lines {
      let expected = Self.refused.contains { line.contains("/\($0):") } ? "refused" : "accepted"
      #expect(line.contains(": \(expected)"), "\(line)")
    }
  }
}
