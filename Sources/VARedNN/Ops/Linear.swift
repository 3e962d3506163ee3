// Fully connected layers, on OpenBLAS.

import COpenBLAS

/// PyTorch's `Linear`: `y = x Wᵀ + b`, `W [out, in]`, row-major.
final class Linear {
  let inputs: Int
  let outputs: Int
  let weight: Parameter
  let bias: Parameter?

  /// - Parameter initial: draws a weight; the bias starts at `initialBias`.
  init(
    inputs: Int, outputs: Int, name: String, parameters: Parameters, isGate: Bool,
    initialBias: Float?, initial: @escaping (inout RandomStream) -> Float
  ) {
    self.inputs = inputs
    self.outputs = outputs
    weight = parameters.add(
      "\(name).weight", [outputs, inputs], decays: !isGate, isGate: isGate, initial: initial)
    bias = initialBias.map { value in
      parameters.add("\(name).bias", [outputs], decays: false, isGate: isGate) { _ in value }
    }
  }

  /// - Parameters:
  ///   - x: `[n, inputs]`
  ///   - y: `[n, outputs]`, assigned.
  func forward(_ x: UnsafePointer<Float>, count n: Int, into y: UnsafeMutablePointer<Float>) {
    for row in 0..<n {
      for j in 0..<outputs { y[row * outputs + j] = bias?.value[j] ?? 0 }
    }
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, blasint(n), blasint(outputs), blasint(inputs), 1, x,
      blasint(inputs), weight.value, blasint(inputs), 1, y, blasint(outputs))
  }

  /// Parameter gradients assigned; `dx = scale · dy W`, assigned.
  func backward(
    _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, count n: Int, scale: Float = 1,
    into dx: UnsafeMutablePointer<Float>
  ) {
    cblas_sgemm(
      CblasRowMajor, CblasTrans, CblasNoTrans, blasint(outputs), blasint(inputs), blasint(n), 1, dy,
      blasint(outputs), x, blasint(inputs), 0, weight.gradient, blasint(inputs))
    if let bias {
      for j in 0..<outputs {
        var sum: Float = 0
        for row in 0..<n { sum += dy[row * outputs + j] }
        bias.gradient[j] = sum
      }
    }
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(n), blasint(inputs), blasint(outputs),
      scale, dy, blasint(outputs), weight.value, blasint(inputs), 0, dx, blasint(inputs))
  }

  /// For a step in which the layer has no part.
  func clearGradients() {
    weight.gradient.update(repeating: 0, count: inputs * outputs)
    bias?.gradient.update(repeating: 0, count: outputs)
  }

  /// One clip's multiply-accumulates.
  var macs: Int { inputs * outputs }
}

/// OpenBLAS's own thread pool stays off: the products here are small, and a second pool would fight
/// with oneDNN's.
enum OpenBLAS {
  static func useOneThread() { openblas_set_num_threads(1) }
}
