// Memory that layers share.

/// Memory that the layers of one network borrow in turn.
final class Workspace {
  /// The outputs of layers inside a block, which backward computes again; two, because a layer reads
  /// one while it writes the other.
  let inner = [Scratch(), Scratch()]
  let gathered = Scratch()
  /// What a convolution makes of its input or of a gradient before it computes.
  let inputs = Scratch()
  let mirroredPoints = WinogradPoints()
  /// Two channel blocks for each thread.
  let mixed = Scratch()
  let mixedGradient = Scratch()
  let kernelGradients = Scratch()
}
