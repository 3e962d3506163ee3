// The oneDNN primitives of one convolution at one batch size and for one part of its output.

import CDNNL

/// Forward, backward-data and backward-weights for `clips` clips and one part of the output, in the
/// channel-blocked layout; each is created at its first use.
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

  /// - Parameters:
  ///   - isStem: whether the input is plain `[N, C, T, H, W]`.
  ///   - inputFrames: frames of the input, which may be followed by zero frames more than the
  ///     geometry has.
  init(
    _ geometry: ConvolutionGeometry, part: ConvolutionPart, clips: Int, isStem: Bool,
    inputFrames: Int
  ) {
    self.geometry = geometry
    let lanes16 = ChannelBlock.lanes == 16
    let (input, output) = (geometry.input, geometry.output(of: part))
    let (kernel, padding) = (geometry.kernel, geometry.padding)
    // A single output frame has no stride of its own; oneDNN wants one as long as what the window
    // leaves out.
    let stride = Extent(
      output.frames == 1
        ? max(inputFrames, 1) : geometry.stride.t * part.temporalStride,
      geometry.stride.h, geometry.stride.w)
    let ins = isStem ? input.channels : ChannelBlock.padded(input.channels)
    let outs = ChannelBlock.padded(part.channels)

    strides = [stride.t, stride.h, stride.w].map(dnnl_dim_t.init)
    paddingBefore = [padding.t, padding.h, padding.w].map(dnnl_dim_t.init)
    // What the last window reaches beyond the input; negative where the input goes on.
    paddingAfter = [
      (output.frames - 1) * stride.t + kernel.t - inputFrames - padding.t,
      (output.height - 1) * stride.h + kernel.h - input.height - padding.h,
      (output.width - 1) * stride.w + kernel.w - input.width - padding.w,
    ].map(dnnl_dim_t.init)

    let blocked = lanes16 ? dnnl_nCdhw16c : dnnl_nCdhw8c
    let weightDims = [outs, ins, kernel.t, kernel.h, kernel.w]
    source = DNNL.descriptor(
      [clips, ins, inputFrames, input.height, input.width], isStem ? dnnl_ncdhw : blocked)
    destination = DNNL.descriptor(
      [clips, outs, output.frames, output.height, output.width], blocked)
    weights = DNNL.descriptor(
      weightDims,
      isStem
        ? (lanes16 ? dnnl_Odhwi16o : dnnl_Odhwi8o)
        : (lanes16 ? dnnl_OIdhw16i16o : dnnl_OIdhw8i8o))
    transposedWeights = DNNL.descriptor(
      weightDims, lanes16 ? dnnl_OIdhw16o16i : dnnl_OIdhw8o8i)

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

  /// Arguments: x, weights, y.
  private(set) lazy var forward = DNNLPrimitive(
    forwardDescriptor!,
    arguments: [
      (DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, weights), (DNNL_ARG_DST, destination),
    ])

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
    _ descriptor: inout dnnl_convolution_desc_t, _ arguments: [(Int32, dnnl_memory_desc_t)]
  ) -> DNNLPrimitive {
    var primitiveDescriptor: dnnl_primitive_desc_t?
    DNNL.check(
      dnnl_primitive_desc_create(
        &primitiveDescriptor, &descriptor, nil, DNNL.engine, forwardDescriptor),
      "backward convolution \(geometry)")
    defer { dnnl_primitive_desc_destroy(primitiveDescriptor) }
    return DNNLPrimitive(primitiveDescriptor!, arguments: arguments)
  }
}

/// Weights `[K/l, C/l, taps, l (in), l (out)]` to `[K/l, C/l, taps, l (out), l (in)]`, the order that
/// backward-data reads.
final class WeightTransposition {
  private let reorder: DNNLPrimitive

  init(_ geometry: ConvolutionGeometry) {
    let lanes16 = ChannelBlock.lanes == 16
    let dims = [
      ChannelBlock.padded(geometry.outChannels), ChannelBlock.padded(geometry.input.channels),
      geometry.kernel.t, geometry.kernel.h, geometry.kernel.w,
    ]
    var from = DNNL.descriptor(dims, lanes16 ? dnnl_OIdhw16i16o : dnnl_OIdhw8i8o)
    var to = DNNL.descriptor(dims, lanes16 ? dnnl_OIdhw16o16i : dnnl_OIdhw8o8i)
    var descriptor: dnnl_primitive_desc_t?
    DNNL.check(
      dnnl_reorder_primitive_desc_create(
        &descriptor, &from, DNNL.engine, &to, DNNL.engine, nil),
      "reorder of weights \(dims)")
    defer { dnnl_primitive_desc_destroy(descriptor) }
    reorder = DNNLPrimitive(
      descriptor!, arguments: [(DNNL_ARG_FROM, from), (DNNL_ARG_TO, to)])
  }

  func apply(_ weights: UnsafePointer<Float>, into transposed: UnsafeMutablePointer<Float>) {
    reorder.execute(weights, transposed)
  }
}
