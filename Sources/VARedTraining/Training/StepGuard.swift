// A step that would leave numbers that are not finite is not taken.

import VARedNN

/// Judges the steps of one rank before they change anything that lasts.
///
/// The optimizer is asked to step only where the result is known to be finite: from the largest
/// magnitudes of gradients, parameters and momentum, so no copy of them is needed. What a forward
/// pass changes by itself, the running statistics, is kept from before it.
struct StepGuard {
  private let parameters: Parameters
  private let momentum: UnsafeMutableBufferPointer<Float>
  private let configuration: TrainingConfiguration
  /// The running statistics before the step.
  private var statistics: [Float] = []
  /// What no parameter and no momentum is larger than; nil: not known.
  private var bounds: (parameter: Double, momentum: Double)?

  /// - Parameters:
  ///   - momentum: the optimizer's, laid out as the parameters.
  ///   - configuration: has momentum, weight decay and the gates' rate.
  init(
    _ parameters: Parameters, momentum: UnsafeMutableBufferPointer<Float>,
    _ configuration: TrainingConfiguration
  ) {
    self.parameters = parameters
    self.momentum = momentum
    self.configuration = configuration
  }

  /// To be called before the forward pass of a step.
  mutating func begin() {
    statistics.removeAll(keepingCapacity: true)
    statistics.append(contentsOf: parameters.bufferValues)
  }

  /// What is wrong with a step, in words that name the layer: of the forward pass, of the loss, of
  /// the gradients, or of what the optimizer would make of them; nil: nothing.
  ///
  /// - Parameters:
  ///   - loss: this rank's.
  ///   - learningRate: of the step.
  ///   - gradientScale: what the optimizer multiplies the gradients by.
  mutating func fault(loss: Double, learningRate: Double, gradientScale: Double) -> String? {
    if let entry = parameters.statisticsNotFinite { return "\(entry.name) is not finite" }
    if parameters.fixedPoint?.fits == false {
      return "a clip's gradient is 1024 or more, too large for the sums of --reproducible"
    }
    guard loss.isFinite else { return "the loss, of what the layer fc makes, is not finite" }
    let gradients = parameters.largestMagnitudes(in: parameters.gradients)
    // Backward comes to the last parameter first.
    if let last = gradients.lastIndex(where: { !$0.isFinite }) {
      return "the gradient of \(parameters.entries[last].name) is not finite"
    }
    let largest = gradientScale * Double(gradients.max() ?? 0)
    if let bounds {
      let next = after(bounds, gradient: largest, learningRate)
      if Self.isSafe(next) {
        self.bounds = next
        return nil
      }
    }
    return measuredFault(gradients.map { gradientScale * Double($0) }, learningRate)
  }

  /// Puts the running statistics back to what they were at `begin`.
  mutating func undo() {
    bounds = nil
    _ = parameters.bufferValues.update(fromContentsOf: statistics)
    parameters.changed()
  }

  /// The same from the parameters themselves: where the bounds are not known, or have grown far
  /// beyond what they bound.
  private mutating func measuredFault(_ gradients: [Double], _ learningRate: Double) -> String? {
    let values = parameters.largestMagnitudes(in: parameters.values)
    let moments = parameters.largestMagnitudes(in: momentum)
    var largest = (parameter: 0.0, momentum: 0.0)
    for (i, entry) in parameters.entries.enumerated() {
      let next = after(
        (Double(values[i]), Double(moments[i])), gradient: gradients[i], learningRate)
      guard Self.isSafe(next) else { return "\(entry.name) would overflow" }
      largest = (max(largest.parameter, next.parameter), max(largest.momentum, next.momentum))
    }
    bounds = largest
    return nil
  }

  /// Bounds after a step of SGD with Nesterov momentum, rounding included.
  private func after(
    _ bounds: (parameter: Double, momentum: Double), gradient: Double, _ learningRate: Double
  ) -> (parameter: Double, momentum: Double) {
    let rounding = 1 + 1e-6
    let decayed = gradient + configuration.weightDecay * bounds.parameter
    let moment = (configuration.momentum * bounds.momentum + decayed) * rounding
    let rate = learningRate * max(1, configuration.gateRate)
    let change = rate * (decayed + configuration.momentum * moment)
    return ((bounds.parameter + change) * rounding, moment)
  }

  /// Far enough from the largest float for the sums on the way to it.
  private static func isSafe(_ bounds: (parameter: Double, momentum: Double)) -> Bool {
    max(bounds.parameter, bounds.momentum) < Double(Float.greatestFiniteMagnitude) / 4
  }
}
