// A dynamic layer driven by whole tensors, without the batch norm that follows it in a network.

@testable import VARedNN

/// A gradient of a layer's output that is there already.
struct GivenGradient: OutputGradient {
  private let values: [Float]
  private let shape: ActivationShape

  /// - Parameter values: `[n, K, T', H', W']` in the blocked layout.
  init(_ values: [Float], _ shape: ActivationShape) {
    self.values = values
    self.shape = shape
  }

  func write(
    _ item: Int, frames: Range<Int>, into dx: UnsafeMutablePointer<Float>, streamed: Bool
  ) {
    let first = item * shape.blockFloats + frames.lowerBound * shape.planeFloats
    for i in 0..<frames.count * shape.planeFloats { dx[i] = values[first + i] }
  }
}
