// Layers driven by arrays: the shapes are the layer's own.

@testable import VARedNN

extension Convolution {
  func forward(
    _ x: UnsafePointer<Float>, clips n: Int, part: ConvolutionPart,
    into y: UnsafeMutablePointer<Float>
  ) {
    forward(
      BlockedClips(x, geometry.input, count: n), part: part,
      into: MutableBlockedClips(y, geometry.output(of: part), count: n))
  }

  func backwardData(
    _ dy: UnsafePointer<Float>, clips n: Int, part: ConvolutionPart,
    into dx: UnsafeMutablePointer<Float>
  ) {
    backwardData(
      BlockedClips(dy, geometry.output(of: part), count: n), part: part,
      into: MutableBlockedClips(dx, geometry.input, count: n))
  }

  func backwardWeights(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, clips n: Int) {
    backwardWeights(
      ConvolutionInput(BlockedClips(x, geometry.input, count: n)),
      BlockedClips(dy, geometry.output, count: n))
  }
}

extension PointwiseConvolution {
  func forward(
    _ x: UnsafePointer<Float>, of input: ActivationShape, clips n: Int,
    into y: UnsafeMutablePointer<Float>
  ) {
    forward(
      BlockedClips(x, input, count: n), into: MutableBlockedClips(y, output, count: n))
  }

  func backward(
    _ dy: UnsafePointer<Float>, clips n: Int, to input: ActivationShape,
    into dx: UnsafeMutablePointer<Float>
  ) {
    backward(
      BlockedClips(dy, output, count: n), into: MutableBlockedClips(dx, input, count: n))
  }
}

extension BatchNorm {
  func takeStatistics(of x: UnsafePointer<Float>, clips n: Int) throws {
    try takeStatistics(of: BlockedClips(x, shape, count: n))
  }

  func apply(
    _ x: UnsafePointer<Float>, clips n: Int, residual: Residual? = nil, into y: FeatureMap
  ) {
    apply(BlockedClips(x, shape, count: n), residual: residual, into: y)
  }

  func backward(
    _ dy: IncomingGradient, mask: GradientMask, x: UnsafePointer<Float>, clips n: Int,
    masked: UnsafeMutablePointer<Float>? = nil, into dx: UnsafeMutablePointer<Float>
  ) throws {
    try backward(
      dy, mask: mask, x: BlockedClips(x, shape, count: n),
      masked: masked.map { MutableBlockedClips($0, shape, count: n) },
      into: MutableBlockedClips(dx, shape, count: n))
  }
}

extension DynamicConvolution {
  func forward(
    _ x: FeatureMap, clips n: Int, training: Bool, into y: UnsafeMutablePointer<Float>
  ) throws {
    try forward(
      x, training: training, into: MutableBlockedClips(y, convolution.geometry.output, count: n))
  }

  func execute(_ x: FeatureMap, clips n: Int, into y: UnsafeMutablePointer<Float>) {
    execute(x, into: MutableBlockedClips(y, convolution.geometry.output, count: n))
  }

  /// The whole output of `n` clips, in its place.
  func writeAll(clips n: Int, into y: UnsafeMutablePointer<Float>) {
    let y = MutableBlockedClips(y, convolution.geometry.output, count: n)
    let mixed = output(in: y.reading)
    for item in 0..<n * y.shape.blocks {
      mixed.forEachRun(of: item) { frames, from in
        y.item(item, frame: frames.lowerBound).update(
          from: from, count: frames.count * y.shape.planeFloats)
      }
    }
  }
}
