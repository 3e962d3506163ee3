// The gradient that a dynamic convolution reads, as it reads it.

/// The gradient of a layer's output, written frames of a clip's channel block at a time, wherever
/// they are wanted.
protocol OutputGradient {
  /// Frames of item `n·blocks + block` of the gradient, assigned.
  /// - Parameter streamed: whether non-temporal stores write it: its reader comes late.
  func write(
    _ item: Int, frames: Range<Int>, into dx: UnsafeMutablePointer<Float>, streamed: Bool)
}

extension BatchNorm.InputGradient: OutputGradient {}
extension SwishNorm.InputGradient: OutputGradient {}
