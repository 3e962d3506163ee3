// CounterCheck: whether allocations are seen at all.

import AllocationCounting
import Foundation

/// Allocations that must be counted: if they are not, a zero elsewhere means nothing.
enum CounterCheck {
  nonisolated(unsafe) private static var kept: [Float] = []
  nonisolated(unsafe) private static var pages: UnsafeMutableRawPointer?

  /// How many of the four allocations below were counted: an array, aligned memory, pages, and an
  /// array of another thread.
  static func seen() -> Int {
    let array = AllocationTally.of { kept = [Float](repeating: 1, count: 100) }.own
    let aligned = AllocationTally.of {
      UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 64).deallocate()
    }.own
    let mapped = AllocationTally.of {
      pages = mmap(nil, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    }.own
    var thread = pthread_t()
    let threaded = AllocationTally.of {
      pthread_create(
        &thread, nil,
        { _ in
          CounterCheck.kept = [Float](repeating: 2, count: 200)
          return nil
        }, nil)
      pthread_join(thread, nil)
    }.sites.keys.count { $0.library == "libswiftCore.so" }
    return [array, aligned, mapped, threaded].count { $0 > 0 }
  }
}
