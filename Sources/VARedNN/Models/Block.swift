// What a network is a sequence of.

/// What every block of a backward pass is given.
struct BackwardPass {
  /// `n`.
  let clips: Int
  /// `∂L/∂(Σ_l w_l ρ_l,n) [n]`, for the dynamic layers.
  let costGradient: [Double]
  /// Whether λ presses upwards, on closed candidates, too (METHOD §4).
  var reopens = false
  let buffers: GradientBuffers

  /// Of one layer.
  func costGradient(of layer: DynamicConvolution) -> CostGradient {
    CostGradient(network: costGradient, share: layer.costTerms.full, reopens: reopens)
  }
}

/// A part of a network that reads one feature map and writes one; built in the order of the forward
/// pass.
///
/// In `backward`, `ready` is called as the gradients of parameters from a flat offset on become
/// final.
protocol Block: AnyObject {
  /// What the next block reads.
  var output: FeatureMap { get }
  /// Flat index of the block's first parameter.
  var firstParameter: Int { get }

  /// Writes `output` for `n` clips.
  func forward(clips n: Int, training: Bool) throws

  /// Parameter gradients, assigned.
  /// - Returns: the gradient that reaches what the block read.
  func backward(
    _ dy: IncomingGradient, _ pass: BackwardPass, ready: (Int) throws -> Void
  ) throws -> IncomingGradient
}

/// The part of a network that reads the clips, which need no gradient.
protocol Stem: AnyObject {
  /// What the first block reads.
  var output: FeatureMap { get }

  /// Writes `output`.
  func forward(_ clips: Clips, training: Bool) throws

  /// Parameter gradients, assigned.
  /// - Parameter clips: as of `forward`.
  func backward(_ dy: IncomingGradient, clips: Clips, _ pass: BackwardPass) throws
}

/// What an architecture consists of, before pooling and classifier.
struct Backbone {
  let stem: any Stem
  let blocks: [any Block]
  /// What follows the pooling.
  var head = ClassifierHead.Plan()

  /// What is pooled.
  var output: FeatureMap { blocks.last?.output ?? stem.output }
}
