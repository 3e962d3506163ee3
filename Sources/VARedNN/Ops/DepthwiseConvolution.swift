// Depthwise convolutions: every channel by itself.

import CKernels

/// PyTorch's `Conv3d(groups=C, bias=False)` with as many outputs as inputs, `W [C, 1, kT, kH, kW]`:
/// kT×3×3 with strides (1, s, s), s 1 or 2, or kT×1×1 with stride 1; zero padding `⌊kernel/2⌋`.
///
/// Kernels of our own in all directions: oneDNN has none for three dimensions, and takes a grouped
/// convolution of one channel a group, ten times as slow. They work on an *item*, a clip's channel
/// block, so that a caller can do what comes before and after it while it is in the caches. An item
/// is computed the same way in any company.
final class DepthwiseConvolution {
  /// What a profile calls the engine.
  static let implementation = "vared:depthwise"

  let input: ActivationShape
  let output: ActivationShape
  /// One clip's multiply-accumulates; taps in the zero padding count (METHOD §3).
  let macs: Int
  let weight: Parameter
  private let shape: vared_depthwise
  private let taps: Int
  private let counter: ExecutionCounter
  private let operations: OperationRecord
  private let profileLayer: Int
  /// `[item, tap, lane]`: each item's gradient of its block's weights.
  private let itemGradients: FloatBuffer

  /// - Parameters:
  ///   - input: one clip.
  ///   - kernel: `(kT, 3, 3)` or `(kT, 1, 1)`.
  ///   - stride: along height and width.
  ///   - name: the weights are `name.weight`.
  ///   - context: of the network.
  init(
    _ input: ActivationShape, kernel: Extent, stride: Int, name: String, context: LayerContext
  ) {
    let isOverSpace = (kernel.h, kernel.w) == (3, 3) && (1...2).contains(stride)
    let isOverTime = (kernel.h, kernel.w, stride) == (1, 1, 1)
    precondition(
      kernel.t % 2 == 1 && (isOverSpace || isOverTime), "no kernel for \(kernel) / \(stride)")
    let geometry = ConvolutionGeometry(
      input: input, outChannels: input.channels, kernel: kernel,
      stride: Extent(1, stride, stride))
    self.input = input
    output = geometry.output
    taps = kernel.volume
    macs = taps * output.channels * output.pixels
    shape = vared_depthwise(
      input: .init(input), output: .init(output), kernel: .init(kernel), stride: Int32(stride))
    counter = context.counter
    operations = counter.addRecord(
      name, .convolution, output: output, fixed: OperationCount(macs: macs, flops: 2 * macs))
    profileLayer = counter.profile.addLayer(name, geometry)
    itemGradients = FloatBuffer(
      context.batch * input.blocks * taps * ChannelBlock.lanes)
    // Kaiming normal, fan out, as PyTorch counts it for such a layer.
    let deviation = (2 / Double(input.channels * taps)).squareRoot()
    weight = context.parameters.add(
      "\(name).weight", [input.channels, 1, kernel.t, kernel.h, kernel.w], layout: .stem,
      decays: true, initial: { Float($1.normal() * deviation) })
  }

  // MARK: Items

  /// Some frames of an item of `y = conv(x, W)`, recorded.
  /// - Parameters:
  ///   - x: the item, whole.
  ///   - item: which, `clip·blocks + block`.
  ///   - frames: of the output.
  ///   - y: where these frames go, side by side; assigned.
  ///   - moments: `[2, lanes]`, to which `Σ y` and `Σ y²` are added; nil: neither is taken.
  ///   - streamed: whether non-temporal stores write it: its reader comes late.
  func forward(
    _ x: UnsafePointer<Float>, item: Int, frames: Range<Int>, into y: UnsafeMutablePointer<Float>,
    moments: UnsafeMutablePointer<Double>? = nil, streamed: Bool
  ) {
    let (block, lanes) = (item % input.blocks, ChannelBlock.lanes)
    let channels = min(lanes, input.channels - block * lanes)
    let macs = taps * channels * frames.count * output.framePixels
    operations.record(macs: macs, flops: 2 * macs)
    withUnsafePointer(to: shape) {
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
    let floats = input.blocks * taps * ChannelBlock.lanes
    let gradient = weight.gradient
    if weight.isSummedByClip {
      for clip in 0..<n {
        gradient.update(from: itemGradients.base + clip * floats, count: floats)
        weight.addClip(count: floats)
      }
      return
    }
    gradient.update(from: itemGradients.base, count: floats)
    for clip in 1..<max(n, 1) {
      vared_add(gradient, itemGradients.base + clip * floats, floats)
    }
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
