// The oneDNN primitives of one convolution at one batch size and for one part of its output.

import CDNNL

/// Forward, backward-data and, for the stem, backward-weights for `clips` clips and one part of the
/// output, in the channel-blocked layout; each is created at its first use.
///
/// A part needs no kernel of its own: leaving out frames is a larger temporal stride, leaving out
/// channels is a convolution with the first rows of the weights, which the layout keeps together.
final class ConvolutionPrimitives {
  private let geometry: ConvolutionGeometry
  private let strides: [dnnl_dim_t]
  private let paddingBefore: [dnnl_dim_t]
  private let paddingAfter: [dnnl_dim_t]
  private var source: dnnl_memory_desc_t
  private var weights: dnnl_memory_desc_t
  private var transposedWeights: dnnl_memory_desc_t
  private var destination: dnnl_memory_desc_t
  private var forwardDescriptor: dnnl_primitive_desc_t?

  /// - Parameter isStem: whether the input is plain `[N, C, T, H, W]`.
  init(_ geometry: ConvolutionGeometry, part: ConvolutionPart, clips: Int, isStem: Bool) {
    self.geometry = geometry
    let input = geometry.input
    let axes = Self.axes(geometry, part: part)
    let ins = isStem ? input.channels : ChannelBlock.padded(input.channels)
    let outs = ChannelBlock.padded(part.channels)
    strides = axes.map { dnnl_dim_t($0.stride) }
    paddingBefore = axes.map { dnnl_dim_t($0.padding) }
    paddingAfter = axes.map { dnnl_dim_t($0.paddingAfter) }
    let formats = isStem ? Formats.stem : axes.count == 2 ? .planes : .clips
    source = DNNL.descriptor([clips, ins] + axes.map(\.input), formats.source)
    destination = DNNL.descriptor([clips, outs] + axes.map(\.output), formats.destination)
    let weightDims = [outs, ins] + axes.map(\.kernel)
    weights = DNNL.descriptor(weightDims, formats.weights)
    transposedWeights = DNNL.descriptor(weightDims, formats.transposed)

    var descriptor = dnnl_convolution_desc_t()
    DNNL.check(
      dnnl_convolution_forward_desc_init(
        &descriptor, dnnl_forward_training, dnnl_convolution_direct, &source, &weights, nil,
        &destination, strides, paddingBefore, paddingAfter),
      "convolution \(geometry), \(part)")
    DNNL.check(
      dnnl_primitive_desc_create(&forwardDescriptor, &descriptor, nil, DNNL.engine, nil),
      "forward convolution \(geometry), \(part)")
  }

  deinit { dnnl_primitive_desc_destroy(forwardDescriptor) }

  /// One axis of the convolution.
  private struct Axis {
    let input: Int
    let output: Int
    let kernel: Int
    let stride: Int
    let padding: Int

    /// What the last window reaches beyond the input; negative where the input goes on.
    var paddingAfter: Int { (output - 1) * stride + kernel - input - padding }
  }

  /// Time, height and width; or, for a kernel over time alone, time and the pixels of a frame in
  /// one: oneDNN's 2-D convolution is faster than its 3-D one there, by half for a single clip.
  private static func axes(_ geometry: ConvolutionGeometry, part: ConvolutionPart) -> [Axis] {
    let (input, output) = (geometry.input, geometry.output(of: part))
    let (kernel, stride, padding) = (geometry.kernel, geometry.stride, geometry.padding)
    // A single output frame has no stride of its own; oneDNN wants one as long as what the window
    // leaves out.
    let time = Axis(
      input: input.frames, output: output.frames, kernel: kernel.t,
      stride: output.frames == 1 ? input.frames : stride.t * part.temporalStride,
      padding: padding.t)
    if kernel.h * kernel.w * stride.h * stride.w == 1 {
      let pixels = Axis(
        input: input.framePixels, output: output.framePixels, kernel: 1, stride: 1, padding: 0)
      return [time, pixels]
    }
    let height = Axis(
      input: input.height, output: output.height, kernel: kernel.h, stride: stride.h,
      padding: padding.h)
    let width = Axis(
      input: input.width, output: output.width, kernel: kernel.w, stride: stride.w,
      padding: padding.w)
    return [time, height, width]
  }

  /// oneDNN's names of the layouts.
  private struct Formats {
    let source: dnnl_format_tag_t
    let destination: dnnl_format_tag_t
    let weights: dnnl_format_tag_t
    let transposed: dnnl_format_tag_t

    private static let is16 = ChannelBlock.lanes == 16
    private static let blocked = is16 ? dnnl_nCdhw16c : dnnl_nCdhw8c
    private static let transposed = is16 ? dnnl_OIdhw16o16i : dnnl_OIdhw8o8i

    static let clips = Formats(
      source: blocked, destination: blocked, weights: is16 ? dnnl_OIdhw16i16o : dnnl_OIdhw8i8o,
      transposed: transposed)
    static let planes = Formats(
      source: is16 ? dnnl_nChw16c : dnnl_nChw8c, destination: is16 ? dnnl_nChw16c : dnnl_nChw8c,
      weights: is16 ? dnnl_OIhw16i16o : dnnl_OIhw8i8o,
      transposed: is16 ? dnnl_OIhw16o16i : dnnl_OIhw8o8i)
    static let stem = Formats(
      source: dnnl_ncdhw, destination: blocked, weights: is16 ? dnnl_Odhwi16o : dnnl_Odhwi8o,
      transposed: transposed)
  }

  /// Arguments: x, weights, y.
  private(set) lazy var forward = DNNLPrimitive(
    forwardDescriptor!,
    arguments: [
      (DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, weights), (DNNL_ARG_DST, destination),
    ])

  /// oneDNN's ReLU makes 0 of what is not a number, which would hide that a network has diverged;
  /// its leaky one does not. Negative values times this are as good as 0, and hardly ever subnormal
  /// numbers.
  private static let slope: Float = 1e-30

  /// Forward for inference, with a bias and a ReLU. Arguments: x, weights, y, bias.
  private(set) lazy var rectifiedForward: DNNLPrimitive = {
    var descriptor = dnnl_convolution_desc_t()
    var bias = DNNL.descriptor([Int(destination.dims.1)], dnnl_a)
    DNNL.check(
      dnnl_convolution_forward_desc_init(
        &descriptor, dnnl_forward_inference, dnnl_convolution_direct, &source, &weights, &bias,
        &destination, strides, paddingBefore, paddingAfter),
      "convolution with bias \(geometry)")
    var attributes: dnnl_primitive_attr_t?
    var operations: dnnl_post_ops_t?
    DNNL.check(dnnl_primitive_attr_create(&attributes), "dnnl_primitive_attr_create")
    DNNL.check(dnnl_post_ops_create(&operations), "dnnl_post_ops_create")
    defer {
      dnnl_post_ops_destroy(operations)
      dnnl_primitive_attr_destroy(attributes)
    }
    DNNL.check(
      dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, Self.slope, 0),
      "dnnl_post_ops_append_eltwise")
    DNNL.check(
      dnnl_primitive_attr_set_post_ops(attributes, operations), "dnnl_primitive_attr_set_post_ops")
    return primitive(
      &descriptor,
      [
        (DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, weights), (DNNL_ARG_DST, destination),
        (DNNL_ARG_BIAS, bias),
      ], attributes: attributes)
  }()

  /// Arguments: dy, transposed weights, dx.
  private(set) lazy var backwardData: DNNLPrimitive = {
    var descriptor = dnnl_convolution_desc_t()
    DNNL.check(
      dnnl_convolution_backward_data_desc_init(
        &descriptor, dnnl_convolution_direct, &source, &transposedWeights, &destination, strides,
        paddingBefore, paddingAfter),
      "backward-data of convolution \(geometry)")
    return primitive(
      &descriptor,
      [
        (DNNL_ARG_DIFF_DST, destination), (DNNL_ARG_WEIGHTS, transposedWeights),
        (DNNL_ARG_DIFF_SRC, source),
      ])
  }()

  /// Arguments: x, dy, dWeights (assigned).
  private(set) lazy var backwardWeights: DNNLPrimitive = {
    var descriptor = dnnl_convolution_desc_t()
    DNNL.check(
      dnnl_convolution_backward_weights_desc_init(
        &descriptor, dnnl_convolution_direct, &source, &weights, nil, &destination, strides,
        paddingBefore, paddingAfter),
      "backward-weights of convolution \(geometry)")
    return primitive(
      &descriptor,
      [
        (DNNL_ARG_SRC, source), (DNNL_ARG_DIFF_DST, destination), (DNNL_ARG_DIFF_WEIGHTS, weights),
      ])
  }()

  private func primitive(
    _ descriptor: inout dnnl_convolution_desc_t, _ arguments: [(Int32, dnnl_memory_desc_t)],
    attributes: dnnl_primitive_attr_t? = nil
  ) -> DNNLPrimitive {
    var primitiveDescriptor: dnnl_primitive_desc_t?
    DNNL.check(
      dnnl_primitive_desc_create(
        &primitiveDescriptor, &descriptor, attributes, DNNL.engine, forwardDescriptor),
      "convolution \(geometry)")
    defer { dnnl_primitive_desc_destroy(primitiveDescriptor) }
    return DNNLPrimitive(primitiveDescriptor!, arguments: arguments)
  }
}
