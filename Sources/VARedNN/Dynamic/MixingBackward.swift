// Backward of a batch's mixing: from the gradient of the output to that of what was convolved.

/// What backward of mixing leaves for the layer to sum up, in memory that is planned once.
final class MixingGradients {
  /// Clip after clip, `∂L/∂v_t [blocks, St]`, then `∂L/∂v_c [blocks, Sc]`.
  let policy: UnsafeMutablePointer<Double>
  /// How many channel groups the clips before each have.
  let firstGroups: UnsafeMutablePointer<Int>
  private let policyCount: Int

  init(batch: Int, blocks: Int, candidates: Int) {
    policyCount = batch * blocks * candidates
    policy = .allocate(capacity: policyCount)
    policy.initialize(repeating: 0, count: policyCount)
    firstGroups = .allocate(capacity: batch + 1)
    firstGroups.initialize(repeating: 0, count: batch + 1)
  }

  deinit {
    policy.deallocate()
    firstGroups.deallocate()
  }

  /// Makes the policy's gradients zero.
  func clear() { policy.update(repeating: 0, count: policyCount) }
}

/// One backward pass over the channel groups of a batch, which are independent of one another.
struct MixingBackward<Gradient: OutputGradient> {
  let dy: Gradient
  /// One for each clip.
  let mixings: UnsafePointer<ClipMixing>
  let clips: Int
  /// Of one clip's output.
  let shape: ActivationShape
  let space: PolicySpace
  /// `∂L/∂F` of all clips, assigned.
  let df: UnsafeMutablePointer<Float>
  /// `∂L/∂φ` of each clip, `kernelFloats` of them, assigned.
  let kernels: UnsafeMutablePointer<Float>
  let kernelFloats: Int
  let sums: MixingGradients
  /// `scratchFloats` for every thread.
  let scratch: UnsafeMutablePointer<Float>
  let scratchFloats: Int

  /// All groups, over the threads.
  func run() {
    sums.clear()
    kernels.update(repeating: 0, count: clips * kernelFloats)
    for clip in 0..<clips {
      sums.firstGroups[clip + 1] = sums.firstGroups[clip] + mixings[clip].channelGroups
    }
    let streamed = shape.isBeyondCaches(clips: clips)
    Parallel.forEach(sums.firstGroups[clips]) { runGroup($0, streamed: streamed) }
  }

  /// The group of this number among those of all clips.
  private func runGroup(_ number: Int, streamed: Bool) {
    var clip = 0
    while sums.firstGroups[clip + 1] <= number { clip += 1 }
    let group = number - sums.firstGroups[clip]
    let (blocks, df) = (shape.blocks, df + mixings[clip].offset)
    guard !mixings[clip].isWhole else {
      return dy.write(
        clip * blocks + group, frames: 0..<shape.frames, into: df + group * shape.blockFloats,
        streamed: streamed)
    }
    let temporal = sums.policy + clip * blocks * space.candidates
    mixings[clip].backward(
      channelGroup: group, scratch: scratch + Parallel.thread * scratchFloats, df: df,
      gradients: ClipMixing.Gradients(
        kernels: kernels + clip * kernelFloats, temporal: temporal,
        channel: temporal + blocks * space.temporalStrides.count)
    ) { block, frames, gradient in
      dy.write(clip * blocks + block, frames: frames, into: gradient, streamed: false)
    }
  }
}
