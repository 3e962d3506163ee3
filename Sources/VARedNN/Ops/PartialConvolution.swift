// What a dynamic convolution asks of the convolution that it runs in part.

/// A convolution without bias that computes any part of its output (METHOD §1) and differentiates
/// no more than that. Outputs and their gradients are compact: only the part's channels and frames,
/// clip after clip.
protocol PartialConvolution: AnyObject {
  var geometry: ConvolutionGeometry { get }
  var weight: Parameter { get }
  /// Whether clips are computed faster side by side than one by one.
  var gainsFromCompany: Bool { get }

  /// `y = conv(x, W)`, the part's channels at the part's frames.
  /// - Parameters:
  ///   - x: clips of `geometry.input`.
  ///   - y: as many of `geometry.output(of: part)`, assigned.
  func forward(_ x: BlockedClips, part: ConvolutionPart, into y: MutableBlockedClips)

  /// `dx = Σ Wᵀ dy`, assigned, whole clips (zero where no computed output depends on `x`).
  func backwardData(_ dy: BlockedClips, part: ConvolutionPart, into dx: MutableBlockedClips)

  /// `dW` of `n` clips that need not lie side by side, for the part's rows of the weights'
  /// gradient: assigned, or added to what is there, as sums in fixed point always are.
  /// - Parameters:
  ///   - affine: as of `ConvolutionInput`.
  ///   - clip: one clip's whole input and the gradient of its computed part.
  func backwardWeights(
    clips n: Int, part: ConvolutionPart, affine: Affine?, accumulate: Bool,
    _ clip: (Int) -> (x: UnsafePointer<Float>, dy: UnsafePointer<Float>))

  /// Floats of the weights' first rows that compute `channels` output channels.
  func weightFloats(channels: Int) -> Int
}

extension ConvolutionGeometry {
  /// The layer that computes it.
  func layer(name: String, context: LayerContext) -> any PartialConvolution {
    isDepthwise
      ? DepthwiseConvolution(self, name: name, context: context)
      : Convolution(self, name: name, context: context)
  }
}
