// Memory for the gradients of activations.

/// The gradients that live during a backward pass, each as large as the largest activation. Two are
/// in the memory of outputs inside blocks, which are not read in backward.
final class GradientBuffers {
  /// Of a convolution's output.
  let convolved: Scratch
  /// Of a convolution's input.
  let input: Scratch
  /// Of the input's spatial means.
  let means: FloatBuffer
  /// Of a shortcut projection's output.
  let projected: FloatBuffer
  /// Of the shortcuts; two, because a projection reads one while it writes the other. A block may
  /// be handed the buffer that its incoming gradient is read from: it is masked in place, value by
  /// value.
  private let shortcuts: [FloatBuffer]
  private var turn = 0

  init(batch: Int, largest floats: Int, mostMeans: Int, in workspace: Workspace) {
    (convolved, input) = (workspace.inner[0], workspace.inner[1])
    for scratch in workspace.inner { scratch.reserve(batch * floats) }
    projected = FloatBuffer(batch * floats)
    means = FloatBuffer(batch * mostMeans)
    shortcuts = [FloatBuffer(batch * floats), FloatBuffer(batch * floats)]
  }

  /// The shortcut buffer that the running block masks its gradient into.
  func nextShortcut(_ shape: ActivationShape, _ n: Int) -> MutableBlockedClips {
    turn = 1 - turn
    return shortcuts[turn].clips(shape, n)
  }

  /// The buffer that `nextShortcut` did not return last.
  func previousShortcut(_ shape: ActivationShape, _ n: Int) -> MutableBlockedClips {
    shortcuts[1 - turn].clips(shape, n)
  }
}
