// Aligned, owned memory for floats.

import Foundation

/// `count` floats on pages of their own, all zero at first, freed with the object. Pages that are
/// never written cost no memory.
final class FloatBuffer: @unchecked Sendable {
  /// Where the floats are. The owner of the buffer orders accesses.
  let base: UnsafeMutablePointer<Float>
  /// Number of floats.
  let count: Int
  private let bytes: Int

  init(_ count: Int) {
    self.count = count
    bytes = max(count, 1) * MemoryLayout<Float>.stride
    let pages = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let pages, pages != MAP_FAILED else {
      OutOfMemory.report(bytes: bytes, for: "a buffer of the network")
    }
    if bytes >= 8 << 20 { madvise(pages, bytes, MADV_HUGEPAGE) }
    base = pages.bindMemory(to: Float.self, capacity: max(count, 1))
  }

  deinit { munmap(base, bytes) }

  /// The whole buffer.
  var all: UnsafeMutableBufferPointer<Float> { .init(start: base, count: count) }
}

/// Memory that layers borrow in turn: grows to the largest request, then stays.
final class Scratch {
  private var buffer = FloatBuffer(0)

  /// At least `count` floats of undefined content, valid until the next, larger request.
  func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
    reserve(count)
    return buffer.base
  }

  /// Makes room for `count` floats; what was there is lost if that takes a larger buffer.
  func reserve(_ count: Int) {
    if buffer.count < count { buffer = FloatBuffer(count) }
  }

  /// The memory as it is.
  var base: UnsafeMutablePointer<Float> { buffer.base }
}
