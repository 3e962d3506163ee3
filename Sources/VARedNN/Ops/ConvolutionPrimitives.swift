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
  init(_ geometry: ConvolutionGeometry, part: ConvolutionPart, clips: Int, isStem: Bool) {
    self.geometry = geometry
    let lanes16 = ChannelBlock.lanes == 16
    let (input, output) = (geometry.input, geometry.output(of: part))
    let (kernel, padding) = (geometry.kernel, geometry.padding)
    // A single output frame has no stride of its own; oneDNN wants one as long as what the window
    // leaves out.
    let stride = Extent(
      output.frames == 1 ? input.frames : geometry.stride.t * part.temporalStride,
      geometry.stride.h, geometry.stride.w)
    let ins = isStem ? input.channels : ChannelBlock.padded(input.channels)
    let outs = ChannelBlock.padded(part.channels)

    strides = [stride.t, stride.h, stride.w].map(dnnl_dim_t.init)
    paddingBefore = [padding.t, padding.h, padding.w].map(dnnl_dim_t.init)
    // What the last window reaches beyond the input; negative where the input goes on.
    paddingAfter = [
      (output.frames - 1) * stride.t + kernel.t - input.frames - padding.t,
      (output.height - 1) * stride.h + kernel.h - input.height - padding.h,
      (output.width - 1) * stride.w + kernel.w - input.width - padding.w,
    ].map(dnnl_dim_t.init)

    let blocked = lanes16 ? dnnl_nCdhw16c : dnnl_nCdhw8c
    let weightDims = [outs, ins, kernel.t, kernel.h, kernel.w]
    source = DNNL.descriptor(
      [clips, ins, input.frames, input.height, input.width], isStem ? dnnl_ncdhw : blocked)
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

/// The primitives of one convolution, for the numbers of clips and the parts that came up last.
/// Each holds code that oneDNN generated for it, so their number is bounded.
final class PrimitiveCache {
  let geometry: ConvolutionGeometry
  private let isStem: Bool
  private var known: [Key: Entry] = [:]
  private var uses = 0

  /// Most primitives are for one of a few parts and of the numbers of clips that chose it.
  static let capacity = 32

  private struct Key: Hashable {
    let clips: Int
    let part: ConvolutionPart
  }

  private final class Entry {
    let primitives: ConvolutionPrimitives
    var lastUse = 0

    init(_ primitives: ConvolutionPrimitives) { self.primitives = primitives }
  }

  init(_ geometry: ConvolutionGeometry, isStem: Bool) {
    self.geometry = geometry
    self.isStem = isStem
  }

  /// Those for `clips` clips and `part`, made at their first use.
  subscript(clips: Int, part: ConvolutionPart) -> ConvolutionPrimitives {
    let key = Key(clips: clips, part: part)
    uses += 1
    if let entry = known[key] {
      entry.lastUse = uses
      return entry.primitives
    }
    if known.count == Self.capacity,
      let oldest = known.min(by: { $0.value.lastUse < $1.value.lastUse })
    {
      known[oldest.key] = nil
    }
    let entry = Entry(
      ConvolutionPrimitives(geometry, part: part, clips: clips, isStem: isStem))
    entry.lastUse = uses
    known[key] = entry
    return entry.primitives
  }
}
