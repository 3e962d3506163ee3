// What one plane is mixed from.

import CKernels

/// The terms of one plane, in memory on the stack, reused from plane to plane.
struct PlaneTerms {
  let memory: UnsafeMutableBufferPointer<vk_term>
  /// The channel block that is booked; nil in backward.
  let booked: Int?
  private(set) var count = 0
  /// Terms that pass through a kernel.
  private(set) var kernels = 0

  init(memory: UnsafeMutableBufferPointer<vk_term>, booked: Int?) {
    self.memory = memory
    self.booked = booked
  }

  mutating func append(
    _ source: UnsafePointer<Float>, weight: Float, taps: UnsafePointer<Float>? = nil
  ) {
    memory.initializeElement(at: count, to: vk_term(source: source, taps: taps, weight: weight))
    count += 1
    if taps != nil { kernels += 1 }
  }

  mutating func removeAll() { (count, kernels) = (0, 0) }
}
