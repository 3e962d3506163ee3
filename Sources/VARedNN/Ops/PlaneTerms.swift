// What one plane is mixed from.

import CKernels

/// The terms of one plane, in memory on the stack, reused from plane to plane.
struct PlaneTerms {
  let memory: UnsafeMutableBufferPointer<vared_term>
  private(set) var count = 0
  /// Terms that pass through a kernel.
  private(set) var kernels = 0
  /// What the planes took that were summed up so far; only forward records it.
  private(set) var recorded = RecordedOperations()

  init(memory: UnsafeMutableBufferPointer<vared_term>) { self.memory = memory }

  /// Adds a term; of a plane that is there without a kernel already, its weight.
  mutating func append(
    _ source: UnsafePointer<Float>, weight: Float, taps: UnsafePointer<Float>? = nil
  ) {
    if taps == nil {
      for i in 0..<count where memory[i].taps == nil && memory[i].source == source {
        memory[i].weight += weight
        return
      }
    }
    memory.initializeElement(at: count, to: vared_term(source: source, taps: taps, weight: weight))
    count += 1
    if taps != nil { kernels += 1 }
  }

  /// The plane that all terms together are, if they are one as it is.
  var copy: UnsafePointer<Float>? {
    count == 1 && kernels == 0 && memory[0].weight.isOne ? memory[0].source : nil
  }

  /// Their sum, as the kernels take it, for a plane of `shape`.
  func mixing(_ shape: ActivationShape, transposed: Bool = false) -> vared_mixing {
    vared_mixing(
      terms: memory.baseAddress, count: Int32(count), height: Int32(shape.height),
      width: Int32(shape.width), transposed: transposed)
  }

  mutating func removeAll() { (count, kernels) = (0, 0) }

  /// The terms are summed up for a plane of so many elements, padding left out: two operations for
  /// each term of an element, and the kernels.
  mutating func record(elements: Int) {
    let macs = 9 * kernels * elements
    recorded.calls += 1
    recorded.operations.macs += macs
    recorded.operations.flops += 2 * macs + 2 * count * elements
  }
}

extension Float {
  /// Whether a sum of weights is 1, but for its rounding.
  var isOne: Bool { abs(self - 1) < 1e-6 }
}
