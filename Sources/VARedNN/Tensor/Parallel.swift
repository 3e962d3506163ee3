// Loops over the one thread pool.

import CKernels

/// The OpenMP pool that oneDNN and our kernels share.
enum Parallel {
  /// Threads of the calling thread's parallel loops, oneDNN's primitives included.
  static func setThreads(_ threads: Int) { vk_set_threads(Int32(threads)) }

  /// How many that is.
  static var threads: Int { Int(vk_threads()) }

  /// The running thread's number among them, for memory of its own within `forEach`.
  static var thread: Int { Int(vk_thread()) }

  /// Calls `body(i)` for every `i` below `count`, in any order, on the pool; returns when all are
  /// done. Bodies must not write to the same memory.
  static func forEach(_ count: Int, _ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { escaping in
      withUnsafePointer(to: escaping) { pointer in
        vk_parallel_for(
          count,
          { context, i in
            context!.assumingMemoryBound(to: ((Int) -> Void).self).pointee(i)
          }, UnsafeMutableRawPointer(mutating: pointer))
      }
    }
  }
}
