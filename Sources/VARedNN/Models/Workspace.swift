// Memory that layers share.

/// Memory that the layers of one network borrow in turn.
final class Workspace {
  /// The outputs of layers inside a block, which backward computes again; two, because a layer reads
  /// one while it writes the other.
  let inner = [Scratch(), Scratch()]
  let gathered = Scratch()
  /// Strips of a convolution's input that the gradient of weights computes again, and the gradients
  /// of inputs that a mirrored convolution spreads over frames.
  let inputs = Scratch()
  /// Two channel blocks for each thread.
  let mixed = Scratch()
  let mixedGradient = Scratch()
  let kernelGradients = Scratch()
}
