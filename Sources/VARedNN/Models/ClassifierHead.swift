// What makes logits of the pooled features.

/// `W·x + b` of the features `x`, or of `x = max(V·features, 0)` where the network has a hidden
/// layer; in training a dropout comes before the classifier, where one is asked for.
final class ClassifierHead {
  /// What a network has here.
  struct Plan {
    /// A linear layer without bias, a 1×1×1 convolution in PyTorch, and ReLU.
    struct Hidden {
      let name: String
      let units: Int
    }

    /// The classifier's name.
    var name = "fc"
    var hidden: Hidden?
  }

  /// What is dropped in the training steps that follow; nil: nothing.
  var dropout: Dropout?

  private let hidden: Linear?
  private let hiddenOperations: OperationRecord?
  private let classifier: Linear
  private let name: String
  /// What the classifier reads.
  private let units: Int
  /// `[n, units]`: what it reads where that is not the features, and its gradient.
  private var inputs: [Float]
  private var inputGradients: [Float]

  /// - Parameters:
  ///   - features: that are pooled.
  ///   - classes: of the logits.
  ///   - plan: what the network has.
  ///   - context: of the network.
  init(features: Int, classes: Int, _ plan: Plan, _ context: NetworkContext) {
    name = plan.name
    units = plan.hidden?.units ?? features
    let hidden = plan.hidden.map {
      Self.layer($0.name, features, $0.units, isHidden: true, context)
    }
    (self.hidden, hiddenOperations) = (hidden?.layer, hidden?.operations)
    classifier = Self.layer(plan.name, units, classes, isHidden: false, context).layer
    inputs = [Float](repeating: 0, count: context.layers.batch * units)
    inputGradients = inputs
  }

  /// Initial values of a classifier as torchvision's, N(0, 0.01²) and bias 0; of a hidden layer as
  /// of a convolution: Kaiming normal, fan out.
  private static func layer(
    _ name: String, _ inputs: Int, _ outputs: Int, isHidden: Bool, _ context: NetworkContext
  ) -> (layer: Linear, operations: OperationRecord) {
    context.addStatic(macs: inputs * outputs)
    let operations = context.layers.counter.addRecord(
      name, .classifier,
      output: ActivationShape(channels: outputs, frames: 1, height: 1, width: 1),
      // For each output the products, and a bias or a ReLU.
      fixed: OperationCount(macs: inputs * outputs, flops: (2 * inputs + 1) * outputs))
    let deviation = isHidden ? (2 / Double(outputs)).squareRoot() : 0.01
    let layer = Linear(
      inputs: inputs, outputs: outputs, name: name, context: context.layers,
      operations: operations, isGate: false, isConvolution: isHidden,
      initialBias: isHidden ? nil : 0, initial: { Float(deviation * $1.normal()) })
    return (layer, operations)
  }

  /// Whether the classifier reads something else than the features.
  private var changesFeatures: Bool { hidden != nil || dropout != nil }

  /// - Parameters:
  ///   - x: `[n, features]`.
  ///   - n: clips.
  ///   - training: whether values are dropped.
  ///   - logits: `[n, classes]`, assigned.
  func forward(
    _ x: UnsafePointer<Float>, clips n: Int, training: Bool,
    into logits: UnsafeMutablePointer<Float>
  ) {
    guard changesFeatures else { return classifier.forward(x, count: n, into: logits) }
    if let hidden {
      hiddenOperations?.record(calls: 0, flops: n * units)
      hidden.forward(x, count: n, into: &inputs)
      inputs.rectify(first: n * units)
    } else {
      for i in 0..<n * units { inputs[i] = x[i] }
    }
    if training, let dropout {
      precondition(dropout.keys.count == n, "\(dropout.keys.count) keys for \(n) clips")
      dropout.apply(to: &inputs, count: units, layer: name)
    }
    classifier.forward(inputs, count: n, into: logits)
  }

  /// Parameter gradients and `dx`, assigned.
  /// - Parameters:
  ///   - dLogits: `[n, classes]`.
  ///   - x: as of forward in training.
  ///   - n: clips.
  ///   - dx: `[n, features]`.
  func backward(
    _ dLogits: UnsafePointer<Float>, x: UnsafePointer<Float>, clips n: Int,
    into dx: UnsafeMutablePointer<Float>
  ) {
    guard changesFeatures else {
      return classifier.backward(dLogits, x: x, count: n, into: dx)
    }
    classifier.backward(dLogits, x: inputs, count: n, into: &inputGradients)
    dropout?.apply(to: &inputGradients, count: units, layer: name)
    guard let hidden else {
      for i in 0..<n * units { dx[i] = inputGradients[i] }
      return
    }
    inputGradients.mask(first: n * units, by: inputs)
    hidden.backward(inputGradients, x: x, count: n, into: dx)
  }
}
