// Squeeze-and-excitation: a factor for every channel of a clip, from the means of all.

import Foundation

/// `s = σ(W2·max(W1·z + b1, 0) + b2)` of the means `z` over time and space (Hu, Shen & Sun, CVPR
/// 2018), for a layer that multiplies each channel by its factor (`SwishNorm`).
///
/// Keeps what it read and computed for backward.
final class SqueezeExcitation {
  /// `[n, C]`: the means, written before `forward`.
  var means: [Float]
  /// `[n, C]`: `s` of the last forward pass.
  private(set) var factors: [Float]
  /// `[n, C]`: `∂L/∂s`, written before `backward`.
  var factorGradients: [Float]
  /// `[n, C]`: `∂L/∂z` of the last backward pass.
  private(set) var meanGradients: [Float]

  /// One clip's multiply-accumulates.
  var macs: Int { squeeze.macs + excitation.macs }

  private let channels: Int
  private let reduced: Int
  private let squeeze: Linear
  private let excitation: Linear
  private let operations: OperationRecord
  /// `[n, reduced]`, behind the ReLU, and its gradient.
  private var hidden: [Float]
  private var hiddenGradients: [Float]

  /// - Parameters:
  ///   - shape: what it rescales.
  ///   - reduced: hidden units.
  ///   - name: as of fvcore: the layers are `name.block.0` and `name.block.2`, 1×1×1 convolutions
  ///     in PyTorch.
  ///   - context: of the network.
  init(_ shape: ActivationShape, reduced: Int, name: String, context: LayerContext) {
    channels = shape.channels
    self.reduced = reduced
    operations = context.counter.addRecord(
      name, .squeezeExcitation,
      output: ActivationShape(channels: shape.channels, frames: 1, height: 1, width: 1),
      fixed: Self.count(shape, reduced: reduced))
    let record = operations
    func layer(_ index: Int, _ inputs: Int, _ outputs: Int) -> Linear {
      // Kaiming normal, fan out.
      let deviation = (2 / Double(outputs)).squareRoot()
      return Linear(
        inputs: inputs, outputs: outputs, name: "\(name).block.\(index)", context: context,
        operations: record, isGate: false, isConvolution: true, initialBias: 0,
        initial: { Float($1.normal() * deviation) })
    }
    squeeze = layer(0, shape.channels, reduced)
    excitation = layer(2, reduced, shape.channels)
    means = [Float](repeating: 0, count: context.batch * shape.channels)
    factors = means
    factorGradients = means
    meanGradients = means
    hidden = [Float](repeating: 0, count: context.batch * reduced)
    hiddenGradients = hidden
  }

  /// One clip (METHOD §3): the two layers with biases, ReLU and sigmoid, and, of every element that
  /// is rescaled, its part in the mean and the factor.
  private static func count(_ shape: ActivationShape, reduced: Int) -> OperationCount {
    let macs = 2 * shape.channels * reduced
    return OperationCount(
      macs: macs,
      flops: 2 * macs + pointwiseFLOPs(shape, reduced: reduced) + reduced
        + shape.channels)
  }

  /// Beside the layers' own.
  private static func pointwiseFLOPs(_ shape: ActivationShape, reduced: Int) -> Int {
    reduced + shape.channels + 2 * shape.channels * shape.pixels
  }

  /// `factors` of `n` clips.
  /// - Parameter shape: what the factors are for, whose elements are recorded too.
  func forward(clips n: Int, rescaling shape: ActivationShape) {
    operations.record(calls: 0, flops: n * Self.pointwiseFLOPs(shape, reduced: reduced))
    squeeze.forward(means, count: n, into: &hidden)
    hidden.rectify(first: n * reduced)
    excitation.forward(hidden, count: n, into: &factors)
    for i in 0..<n * channels { factors[i] = 1 / (1 + exp(-factors[i])) }
  }

  /// Parameter gradients and `meanGradients`, assigned; `factorGradients` are used up.
  func backward(clips n: Int) {
    for i in 0..<n * channels { factorGradients[i] *= factors[i] * (1 - factors[i]) }
    excitation.backward(factorGradients, x: hidden, count: n, into: &hiddenGradients)
    hiddenGradients.mask(first: n * reduced, by: hidden)
    squeeze.backward(hiddenGradients, x: means, count: n, into: &meanGradients)
  }
}
