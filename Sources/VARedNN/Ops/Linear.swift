// Fully connected layers, on OpenBLAS.

/// PyTorch's `Linear`: `y = x Wᵀ + b`, `W [out, in]`, row-major.
final class Linear {
  let inputs: Int
  let outputs: Int
  let weight: Parameter
  let bias: Parameter?
  private let operations: OperationRecord
  /// Whether every clip is computed as if it were alone.
  private let oneByOne: Bool

  /// - Parameters:
  ///   - inputs: of a clip.
  ///   - outputs: of a clip.
  ///   - name: the parameters are `name.weight` and `name.bias`.
  ///   - context: of the network.
  ///   - operations: where forward is recorded.
  ///   - isGate: whether it belongs to a gate.
  ///   - isConvolution: whether PyTorch has it as a 1×1×1 convolution, `W [out, in, 1, 1, 1]`.
  ///   - initialBias: where the bias starts; nil: there is none.
  ///   - initial: draws the weight `[out, in]` at a place.
  init(
    inputs: Int, outputs: Int, name: String, context: LayerContext, operations: OperationRecord,
    isGate: Bool, isConvolution: Bool = false, initialBias: Float?,
    initial: @escaping (Int, inout RandomStream) -> Float
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.operations = operations
    oneByOne = context.isReproducible
    let parameters = context.parameters
    weight = parameters.add(
      "\(name).weight", [outputs, inputs] + (isConvolution ? [1, 1, 1] : []), decays: !isGate,
      isGate: isGate, initial: initial)
    bias = initialBias.map { value in
      parameters.add("\(name).bias", [outputs], decays: false, isGate: isGate) { _, _ in value }
    }
  }

  /// - Parameters:
  ///   - x: `[n, inputs]`
  ///   - y: `[n, outputs]`, assigned.
  func forward(_ x: UnsafePointer<Float>, count n: Int, into y: UnsafeMutablePointer<Float>) {
    for row in 0..<n {
      for j in 0..<outputs { y[row * outputs + j] = bias?.value[j] ?? 0 }
    }
    let rows = oneByOne ? 1 : max(n, 1)
    for row in stride(from: 0, to: n, by: rows) {
      operations.record(macs: rows * macs, flops: rows * flops)
      OpenBLAS.product(
        rows, outputs, inputs, x + row * inputs, weight.value, transposeB: true, beta: 1,
        y + row * outputs)
    }
  }

  /// Parameter gradients assigned; `dx = scale · dy W`, assigned.
  func backward(
    _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, count n: Int, scale: Float = 1,
    into dx: UnsafeMutablePointer<Float>
  ) {
    if oneByOne { return backwardOneByOne(dy, x: x, count: n, scale: scale, into: dx) }
    OpenBLAS.product(outputs, inputs, n, dy, x, transposeA: true, beta: 0, weight.gradient)
    if let bias {
      for j in 0..<outputs {
        var sum: Float = 0
        for row in 0..<n { sum += dy[row * outputs + j] }
        bias.gradient[j] = sum
      }
    }
    OpenBLAS.product(n, inputs, outputs, alpha: scale, dy, weight.value, beta: 0, dx)
  }

  /// The same, with the parameters' gradients added in fixed point.
  private func backwardOneByOne(
    _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, count n: Int, scale: Float,
    into dx: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<n {
      let dRow = dy + row * outputs
      OpenBLAS.product(
        outputs, inputs, 1, dRow, x + row * inputs, transposeA: true, beta: 0, weight.gradient)
      weight.addClip(count: inputs * outputs)
      for j in 0..<outputs { bias?.addClip(Double(dRow[j]), at: j) }
      OpenBLAS.product(
        1, inputs, outputs, alpha: scale, dRow, weight.value, beta: 0, dx + row * inputs)
    }
  }

  /// For a step in which the layer has no part.
  func clearGradients() {
    weight.gradient.update(repeating: 0, count: inputs * outputs)
    bias?.gradient.update(repeating: 0, count: outputs)
  }

  /// One clip's multiply-accumulates.
  var macs: Int { inputs * outputs }

  /// One clip's floating-point operations: a bias is one more for every output.
  var flops: Int { 2 * macs + (bias == nil ? 0 : outputs) }
}
