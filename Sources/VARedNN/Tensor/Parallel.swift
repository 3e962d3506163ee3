// Loops over the one thread pool.

import CKernels

/// The OpenMP pool that oneDNN and our kernels share.
enum Parallel {
  /// Threads of the calling thread's parallel loops, oneDNN's primitives included.
  static func setThreads(_ threads: Int) { vared_set_threads(Int32(threads)) }

  /// How many that is.
  static var threads: Int { Int(vared_threads()) }

  /// The running thread's number among them, for memory of its own within `forEach`.
  static var thread: Int { Int(vared_thread()) }

  /// Runs `body` as if the pool had one thread: for sums of oneDNN that depend on their number.
  static func onOneThread(_ body: () -> Void) {
    let threads = threads
    setThreads(1)
    defer { setThreads(threads) }
    body()
  }

  /// Calls `body(i)` for every `i` below `count`, in any order, on the pool; returns when all are
  /// done. Bodies must not write to the same memory.
  static func forEach(_ count: Int, _ body: (Int) -> Void) {
    parallelFor(count, body)
  }
}

// C cannot take a Swift closure by its header: made an escaping one, with a context pointer for C,
// every loop would allocate two boxes. This passes it as it is; see closure.c.
@_silgen_name("vared_parallel_for_closure")
private func parallelFor(_ count: Int, _ body: (Int) -> Void)
