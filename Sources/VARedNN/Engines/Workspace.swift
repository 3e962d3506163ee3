// Memory that layers share.

/// Memory that the layers of one network borrow in turn.
final class Workspace {
  /// The outputs of layers inside a block, which backward computes again, and in backward gradients
  /// (`GradientBuffers`); two, because a layer reads one while it writes the other.
  let inner = [Scratch(), Scratch()]
  let gathered = Scratch()
  /// Of a convolution while it runs: points of Winograd's tiles, parts of the input that the
  /// gradient of weights computes again, gradients that a rotated convolution spreads over frames.
  let inputs = Scratch()
  /// Weights of one layer after the other, in backward.
  let rotatedPoints = WinogradPoints()
  /// Of every thread that mixes.
  let mixed = Scratch()
  /// Of every thread that measures how much a tensor moves: its frame before.
  let framesBefore = Scratch()
  let kernelGradients = Scratch()
}
