// Depthwise convolutions: every channel by itself.

import CKernels

/// PyTorch's `Conv3d(groups=C, bias=False)` with as many outputs as inputs, `W [C, 1, kT, kH, kW]`:
/// kT×3×3 with strides (1, s, s), s 1 or 2, or kT×1×1 with stride 1; zero padding `⌊kernel/2⌋`.
/// Every `R`-th frame alone, `R` a power of two, is computed as with stride `R` along time.
///
/// Kernels of our own in all directions: oneDNN has none for three dimensions, and takes a grouped
/// convolution of one channel a group, ten times as slow. They work on an *item*, a clip's channel
/// block, so that a caller can do what comes before and after it while it is in the caches. An item
/// is computed the same way in any company.
final class DepthwiseConvolution {
  /// What a profile calls the engine.
  static let implementation = "vared:depthwise"

  let geometry: ConvolutionGeometry
  var input: ActivationShape { geometry.input }
  let output: ActivationShape
  /// One clip's multiply-accumulates; taps in the zero padding count (METHOD §3).
  var macs: Int { geometry.macs }
  let weight: Parameter
  var gainsFromCompany: Bool { false }
  private let shape: vared_depthwise
  private let taps: Int
  private let counter: ExecutionCounter
  private let operations: OperationRecord
  private let profileLayer: Int
  /// `[item, tap, lane]`: each item's gradient of its block's weights.
  private let itemGradients: FloatBuffer
  /// Memory of every thread for an item of the input that was not kept.
  private let scratch: Scratch

  /// - Parameters:
  ///   - geometry: depthwise.
  ///   - name: the weights are `name.weight`.
  ///   - context: of the network.
  init(_ geometry: ConvolutionGeometry, name: String, context: LayerContext) {
    let (input, kernel, stride) = (geometry.input, geometry.kernel, geometry.stride)
    let isOverSpace = (kernel.h, kernel.w) == (3, 3) && (1...2).contains(stride.h)
    let isOverTime = (kernel.h, kernel.w, stride.h) == (1, 1, 1)
    precondition(
      geometry.isDepthwise && (stride.t, stride.w) == (1, stride.h) && kernel.t % 2 == 1
        && (isOverSpace || isOverTime), "no depthwise kernel for \(geometry.summary)")
    self.geometry = geometry
    output = geometry.output
    taps = kernel.volume
    shape = vared_depthwise(
      input: .init(input), output: .init(output), kernel: .init(kernel), stride: Int32(stride.h),
      frame_shift: 0)
    counter = context.counter
    scratch = context.workspace.inputs
    operations = counter.addRecord(
      name, .convolution, output: output,
      fixed: OperationCount(macs: geometry.macs, flops: 2 * geometry.macs))
    profileLayer = counter.profile.addLayer(name, geometry)
    itemGradients = FloatBuffer(
      context.batch * input.blocks * taps * ChannelBlock.lanes)
    // Kaiming normal, fan out, as PyTorch counts it for such a layer.
    let deviation = (2 / Double(input.channels * taps)).squareRoot()
    weight = context.parameters.add(
      "\(name).weight", geometry.weightShape, layout: .stem, decays: true,
      initial: { Float($1.normal() * deviation) })
  }

  // MARK: Items

  /// Some frames of an item of `y = conv(x, W)`, recorded.
  /// - Parameters:
  ///   - x: the item, whole.
  ///   - item: which, `clip·blocks + block`.
  ///   - frames: of the output, or, where it is of every `R`-th frame alone, of these.
  ///   - stride: `R`.
  ///   - y: where these frames go, side by side; assigned.
  ///   - moments: `[2, lanes]`, to which `Σ y` and `Σ y²` are added; nil: neither is taken.
  ///   - streamed: whether non-temporal stores write it: its reader comes late.
  func forward(
    _ x: UnsafePointer<Float>, item: Int, frames: Range<Int>, stride: Int = 1,
    into y: UnsafeMutablePointer<Float>, moments: UnsafeMutablePointer<Double>? = nil,
    streamed: Bool
  ) {
    let (block, lanes) = (item % input.blocks, ChannelBlock.lanes)
    let channels = min(lanes, input.channels - block * lanes)
    let macs = taps * channels * frames.count * output.framePixels
    operations.record(macs: macs, flops: 2 * macs)
    withUnsafePointer(to: partShape(stride: stride)) {
      ChannelBlock.kernels.depthwise(
        $0, x, weight.value + block * taps * lanes, y, Int32(frames.lowerBound),
        Int32(frames.upperBound), moments, streamed)
    }
  }

  /// Both gradients of an item; that of the weights is kept for `finishWeightGradient`.
  /// - Parameters:
  ///   - x: the item, whole, as of forward.
  ///   - dy: the gradient of its output, whole.
  ///   - item: which.
  ///   - dx: assigned, whole.
  ///   - streamed: whether non-temporal stores write it.
  func backward(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, item: Int,
    into dx: UnsafeMutablePointer<Float>, streamed: Bool
  ) {
    let floats = taps * ChannelBlock.lanes
    let kernels = ChannelBlock.kernels
    withUnsafePointer(to: shape) {
      kernels.depthwise_weights($0, x, dy, itemGradients.base + item * floats)
      kernels.depthwise_gradient(
        $0, dy, weight.value + item % input.blocks * floats, dx, 0, Int32(input.frames),
        streamed)
    }
  }

  /// The weights' gradient of `n` clips, assigned, or in fixed point added clip by clip; always in
  /// the same order.
  /// - Precondition: `backward` ran for all their items.
  func finishWeightGradient(clips n: Int) {
    sumItemGradients(clips: n, blocks: input.blocks, accumulate: false)
  }

  /// The same of the first `blocks` blocks alone, as many for every clip; in floating point added
  /// to what is there where `accumulate`.
  private func sumItemGradients(clips n: Int, blocks: Int, accumulate: Bool) {
    let floats = blocks * taps * ChannelBlock.lanes
    let gradient = weight.gradient
    for clip in 0..<n {
      let own = itemGradients.base + clip * floats
      if weight.isSummedByClip {
        gradient.update(from: own, count: floats)
        weight.addClip(count: floats)
      } else if clip == 0 && !accumulate {
        gradient.update(from: own, count: floats)
      } else {
        vared_add(gradient, own, floats)
      }
    }
  }

  /// What the kernels are told where every `stride`-th frame of the output is there.
  private func partShape(stride: Int) -> vared_depthwise {
    guard stride > 1 else { return shape }
    assert(stride.nonzeroBitCount == 1, "a stride of \(stride) frames")
    var part = shape
    part.output.t = Int32((output.frames + stride - 1) / stride)
    part.frame_shift = Int32(stride.trailingZeroBitCount)
    return part
  }

  /// Runs `body`, forward of `n` clips, and adds its time to that of the layer.
  func timeForward(clips n: Int, _ body: () -> Void) {
    counter.profile.run(
      profileLayer, .convolutionForward, macs: n * macs, implementation: Self.implementation, body)
  }

  /// Runs `body`, both gradients of `n` clips, and adds its time to that of the layer; in a profile
  /// it is all backward-data, as the two share a loop.
  func timeBackward(clips n: Int, _ body: () -> Void) {
    counter.profile.run(
      profileLayer, .convolutionBackwardData, macs: 2 * n * macs,
      implementation: Self.implementation, body)
  }

  // MARK: Whole clips

  /// `y = conv(x, W)`, assigned.
  /// - Parameters:
  ///   - x: clips of `input`.
  ///   - y: as many of `output`.
  ///   - moments: `[item, 2, lanes]`, assigned: `Σ y` and `Σ y²` of every item.
  func forward(
    _ x: BlockedClips, into y: MutableBlockedClips, moments: UnsafeMutablePointer<Double>
  ) {
    let width = 2 * ChannelBlock.lanes
    let streamed = output.isBeyondCaches(clips: x.count)
    timeForward(clips: x.count) {
      Parallel.forEach(x.count * input.blocks) { item in
        let sums = moments + item * width
        sums.update(repeating: 0, count: width)
        forward(
          x.item(item), item: item, frames: 0..<output.frames, into: y.item(item), moments: sums,
          streamed: streamed)
      }
    }
  }

  /// The weights' gradient and `dx`, assigned.
  func backward(_ x: BlockedClips, _ dy: BlockedClips, into dx: MutableBlockedClips) {
    let streamed = input.isBeyondCaches(clips: x.count)
    timeBackward(clips: x.count) {
      Parallel.forEach(x.count * input.blocks) { item in
        backward(
          x.item(item), dy.item(item), item: item, into: dx.item(item), streamed: streamed)
      }
      finishWeightGradient(clips: x.count)
    }
  }
}

extension DepthwiseConvolution: PartialConvolution {
  func forward(_ x: BlockedClips, part: ConvolutionPart, into y: MutableBlockedClips) {
    assert(x.shape == input && y.shape == geometry.output(of: part))
    let streamed = y.shape.isBeyondCaches(clips: x.count)
    counter.profile.run(
      profileLayer, .convolutionForward, macs: x.count * geometry.macs(part: part),
      implementation: Self.implementation
    ) {
      forEachItem(of: y.reading) { clip, block in
        forward(
          x.item(clip * input.blocks + block), item: block, frames: 0..<y.shape.frames,
          stride: part.temporalStride, into: y.item(clip * y.shape.blocks + block),
          streamed: streamed)
      }
    }
  }

  func backwardData(_ dy: BlockedClips, part: ConvolutionPart, into dx: MutableBlockedClips) {
    assert(dy.shape == geometry.output(of: part) && dx.shape == input)
    let (floats, blocks) = (taps * ChannelBlock.lanes, dy.shape.blocks)
    let streamed = input.isBeyondCaches(clips: dy.count)
    counter.profile.run(
      profileLayer, .convolutionBackwardData, macs: dy.count * geometry.macs(part: part),
      implementation: Self.implementation
    ) {
      forEachItem(of: dx.reading) { clip, block in
        let to = dx.item(clip * input.blocks + block)
        guard block < blocks else { return to.update(repeating: 0, count: input.blockFloats) }
        withUnsafePointer(to: partShape(stride: part.temporalStride)) {
          ChannelBlock.kernels.depthwise_gradient(
            $0, dy.item(clip * blocks + block), weight.value + block * floats, to, 0,
            Int32(input.frames), streamed)
        }
      }
    }
  }

  func backwardWeights(
    clips n: Int, part: ConvolutionPart, affine: Affine?, accumulate: Bool,
    _ clip: (Int) -> (x: UnsafePointer<Float>, dy: UnsafePointer<Float>)
  ) {
    let memory = scratch.floats(Parallel.threads * input.blockFloats)
    let (floats, output) = (taps * ChannelBlock.lanes, geometry.output(of: part))
    counter.profile.run(
      profileLayer, .convolutionBackwardWeights, macs: n * geometry.macs(part: part),
      implementation: Self.implementation
    ) {
      Parallel.forEach(n * output.blocks) { item in
        let (x, dy) = clip(item / output.blocks)
        let block = item % output.blocks
        let own = ConvolutionInput(BlockedClips(x, input, count: 1), affine: affine)
          .item(block, in: memory + Parallel.thread * input.blockFloats)
        withUnsafePointer(to: partShape(stride: part.temporalStride)) {
          ChannelBlock.kernels.depthwise_weights(
            $0, own, dy + block * output.blockFloats, itemGradients.base + item * floats)
        }
      }
      sumItemGradients(clips: n, blocks: output.blocks, accumulate: accumulate)
    }
  }

  func weightFloats(channels: Int) -> Int { ChannelBlock.padded(channels) * taps }

  /// Calls `body` with clip and block of every item of `clips`, over the threads.
  private func forEachItem(of clips: BlockedClips, _ body: (Int, Int) -> Void) {
    let blocks = clips.shape.blocks
    Parallel.forEach(clips.count * blocks) { body($0 / blocks, $0 % blocks) }
  }
}
