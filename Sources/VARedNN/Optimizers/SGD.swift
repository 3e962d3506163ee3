// Stochastic gradient descent with Nesterov momentum.

import CKernels

/// PyTorch's `SGD(nesterov=True, dampening=0)`: `g += decay·p; m = momentum·m + g;
/// p −= rate·(g + momentum·m)`, in place, in the engine's layout. Weight decay applies to weights
/// of convolutions and of the classifier and to the cheap operations; gates have a learning-rate
/// factor of their own (METHOD §4).
public final class SGD {
  private let parameters: Parameters
  private let momentum: Float
  private let weightDecay: Float
  private let gateRate: Float
  private let storage: FloatBuffer

  /// - Parameters:
  ///   - parameters: what a step changes, by their gradients.
  ///   - momentum: factor of the momentum, which starts at zero.
  ///   - weightDecay: factor of a decaying parameter in its gradient.
  ///   - gateRate: the gates' learning rate as a factor of the network's.
  public init(
    _ parameters: Parameters, momentum: Float = 0.9, weightDecay: Float = 1e-4, gateRate: Float
  ) {
    self.parameters = parameters
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.gateRate = gateRate
    storage = FloatBuffer(parameters.count)
  }

  /// The momentum, laid out as `Parameters.values`; zero at first.
  public var momentumBuffer: UnsafeMutableBufferPointer<Float> { storage.all }

  /// One step.
  /// - Parameters:
  ///   - learningRate: of the network; gates have theirs by `gateRate`.
  ///   - gradientScale: multiplies the gradients first; `1/ranks` turns a sum over ranks into their
  ///     mean.
  ///   - gatesAreFrozen: leaves gates and their momentum as they are.
  public func step(learningRate: Float, gradientScale: Float, gatesAreFrozen: Bool = false) {
    Parallel.forEach(parameters.entries.count) { i in
      let entry = parameters.entries[i]
      if entry.isGate && gatesAreFrozen { return }
      let at = entry.offset
      vared_sgd(
        parameters.values.baseAddress! + at, storage.base + at,
        parameters.gradients.baseAddress! + at, entry.storedCount, gradientScale,
        entry.decays ? weightDecay : 0, momentum,
        entry.isGate ? learningRate * gateRate : learningRate)
    }
    parameters.changed()
  }
}
