// Backward of the dynamic convolution: of what was computed, and of how the rest was made from it.

import CKernels

extension DynamicConvolution {
  /// Gradients of all parameters and of the input, assigned. The input's gradient is
  /// `dx + dMeans` (the latter for every pixel of a frame).
  /// - Parameters:
  ///   - x: what forward read.
  ///   - costGradient: `∂L/∂ρ` for each clip (METHOD §3); nil leaves the cost out.
  ///   - df: memory for `∂L/∂F` of all clips.
  func backward(
    _ dy: some OutputGradient, x: ConvolutionInput, costGradient: CostGradient?,
    computed df: UnsafeMutablePointer<Float>, into dx: MutableBlockedClips,
    dMeans: UnsafeMutablePointer<Float>
  ) throws {
    let n = x.clips.count
    executeBackward(dy, x: x, computed: df, into: dx)
    // A policy that the gate does not learn from sends no gradient through it.
    guard source == .gates else { return gate.clearGradients(dMeans, count: n) }
    if let costGradient {
      gate.gradient.reopens = costGradient.reopens
      for clip in 0..<n { gate.addCost(cost(clip: clip), clip: clip, gradient: costGradient[clip]) }
    }
    try counter.profile.time(.gates) { try gate.backward(x, into: dMeans, dx: dx) }
  }

  /// Backward of `execute`: `dx` and the gradients of the weights and of the cheap operations,
  /// assigned; the gradient of the policy's weights goes to the gate.
  func executeBackward(
    _ dy: some OutputGradient, x: ConvolutionInput, computed df: UnsafeMutablePointer<Float>,
    into dx: MutableBlockedClips
  ) {
    counter.profile.time(mixes ? .cheapOperations : .batchNorm) {
      mixBackward(dy, into: df, clips: x.clips.count)
    }
    assignWeightGradients(x, df)
    for group in clipGroups.groups { propagate(group, compact(group, in: df), into: dx) }
  }

  /// `∂L/∂F` of every clip into `df`, the kernels' gradients, and those of the weights `v`: channel
  /// group by channel group of every clip, block by block where it is whole.
  private func mixBackward(
    _ dy: some OutputGradient, into df: UnsafeMutablePointer<Float>, clips n: Int
  ) {
    let kernels = workspace.kernelGradients.floats(n * cheap.storedCount)
    MixingBackward(
      dy: dy, mixings: UnsafePointer(mixings.clips.baseAddress!), clips: n, shape: geometry.output,
      space: gate.space, df: df, kernels: kernels, kernelFloats: cheap.storedCount,
      sums: mixingGradients, scratch: threadsScratch(), scratchFloats: scratchFloats
    ).run()
    assignKernelGradients(kernels, clips: n)
    assignPolicyGradients(clips: n)
  }

  /// Sums the clips' kernel gradients, always in the same order.
  private func assignKernelGradients(_ partial: UnsafeMutablePointer<Float>, clips: Int) {
    let count = cheap.storedCount
    if convolution.weight.isSummedByClip {
      for clip in 0..<clips where !mixings.clips[clip].isWhole {
        assign(partial + clip * count)
        for (b, kernel) in cheap.spatial.enumerated() {
          kernel?.addClip(count: cheap.spatialFloats(b))
        }
        for (a, kernel) in cheap.temporal.enumerated() {
          kernel?.addClip(count: cheap.temporalFloats(a))
        }
      }
      return
    }
    for clip in 1..<max(clips, 1) where !mixings.clips[clip].isWhole {
      vared_add(partial, partial + clip * count, count)
    }
    assign(partial)
  }

  /// Takes the kernels' gradients from `first` on.
  private func assign(_ first: UnsafePointer<Float>) {
    var from = first
    for (b, kernel) in cheap.spatial.enumerated() {
      kernel?.gradient.update(from: from, count: cheap.spatialFloats(b))
      from += cheap.spatialFloats(b)
    }
    for (a, kernel) in cheap.temporal.enumerated() {
      kernel?.gradient.update(from: from, count: cheap.temporalFloats(a))
      from += cheap.temporalFloats(a)
    }
  }

  /// Sums the policy's gradients over the blocks, into the gate.
  private func assignPolicyGradients(clips n: Int) {
    let (st, sc) = (gate.space.temporalStrides.count, gate.space.channelCounts.count)
    let (blocks, sums) = (geometry.output.blocks, mixingGradients.policy)
    gate.gradient.clear()
    for clip in 0..<n where !mixings.clips[clip].isWhole {
      let start = clip * blocks * (st + sc)
      for block in 0..<blocks {
        for a in 0..<st {
          gate.gradient.temporal[clip * st + a] += Float(sums[start + block * st + a])
        }
        for b in 0..<sc {
          gate.gradient.channel[clip * sc + b] += Float(sums[start + blocks * st + block * sc + b])
        }
      }
    }
  }

  /// - Parameter df: `∂L/∂F`, group after group.
  private func assignWeightGradients(_ x: ConvolutionInput, _ df: UnsafePointer<Float>) {
    guard let widest = clipGroups.widest else { return }
    // The group with the most rows assigns, the others add.
    addWeightGradient(clipGroups.groups[widest], x, df, accumulate: false)
    let computed = convolution.weightFloats(channels: clipGroups.groups[widest].part.channels)
    let total = convolution.weightFloats(channels: geometry.outChannels)
    (convolution.weight.gradient + computed).update(repeating: 0, count: total - computed)
    for (i, group) in clipGroups.groups.enumerated() where i != widest {
      addWeightGradient(group, x, df, accumulate: true)
    }
  }

  private func addWeightGradient(
    _ group: ClipGroups.Group, _ x: ConvolutionInput, _ df: UnsafePointer<Float>, accumulate: Bool
  ) {
    convolution.backwardWeights(
      clips: group.places.count, part: group.part, affine: x.affine, accumulate: accumulate
    ) { i in
      let clip = clipGroups.order[group.places.lowerBound + i]
      return (x.clips.clip(clip), df + mixings.clips[clip].offset)
    }
  }

  private func propagate(
    _ group: ClipGroups.Group, _ df: MutableBlockedClips, into dx: MutableBlockedClips
  ) {
    if staysInPlace(group) {
      return clipGroups.forEachRun(of: group) { run in
        convolution.backwardData(
          df.reading.clips(from: run.lowerBound - group.places.lowerBound, run.count),
          part: group.part, into: dx.clips(from: clipGroups.order[run.lowerBound], run.count))
      }
    }
    let gathered = workspace.gathered.clips(geometry.input, group.places.count)
    convolution.backwardData(df.reading, part: group.part, into: gathered)
    clipGroups.scatter(group, gathered.reading, into: dx)
  }
}
