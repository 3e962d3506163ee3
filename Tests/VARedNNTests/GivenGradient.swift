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

  func write(_ item: Int, into dx: UnsafeMutablePointer<Float>, pastCaches: Bool) {
    for i in 0..<shape.blockFloats { dx[i] = values[item * shape.blockFloats + i] }
  }
}

extension DynamicConvolution {
  /// The whole output of `n` clips, in its place.
  func writeAll(clips n: Int, into y: UnsafeMutablePointer<Float>) {
    prepareScratch()
    for item in 0..<n * convolution.geometry.output.blocks { write(item, into: y) }
  }
}
