// What a cost that presses upwards does to closed candidates (METHOD §4).

import Testing

@testable import VARedNN

@Suite struct GateReopeningTests {
  /// Of a gate of three temporal candidates, the dearest closed, and two channel candidates, the
  /// cheaper closed: the gradient of `β` where the costs of all have these derivatives and the
  /// output has none.
  private func biasGradient(
    _ form: GateForm, sign: Float, reopens: Bool
  ) throws -> [Float] {
    let shape = ActivationShape(channels: 16, frames: 4, height: 2, width: 2)
    let context = LayerContext(batch: 2)
    var configuration = DynamicConfiguration()
    configuration.gateForm = form
    let space = PolicySpace(
      temporalCandidates: 3, channelCandidates: 2, frames: 4, channels: 32)
    let gate = SoftModulationGate(
      space, input: shape, configuration: configuration, name: "gate", context: context)
    let parameters = context.parameters
    parameters.allocate(seed: 3)
    func entry(_ name: String) throws -> Parameters.Entry {
      try #require(parameters.entries.first { $0.name == name })
    }
    let (weight, bias) = (try entry("gate.fc2.weight"), try entry("gate.fc2.bias"))
    parameters.setLogical(
      weight, in: parameters.values,
      [Float](repeating: 0, count: space.candidates * configuration.gateHidden))
    parameters.setLogical(bias, in: parameters.values, [-2, 1, 1, 1, -2])
    let x = FeatureMap(shape, batch: 2, motion: Scratch())
    for i in 0..<2 * shape.meanCount { x.means[i] = Float(i % 7) }
    try gate.forward(x, count: 2, training: true)
    #expect(gate.policy.temporal.map { $0 > 0 } == [false, true, true, false, true, true])
    gate.gradient.temporalCost = [1, 0.5, 0.25, 1, 0.5, 0.25].map { sign * $0 }
    gate.gradient.channelCost = [1, 0.5, 1, 0.5].map { sign * $0 }
    gate.gradient.reopens = reopens
    var dMeans = [Float](repeating: .nan, count: 2 * shape.meanCount)
    var dx = [Float](repeating: 0, count: 2 * shape.clipFloats)
    try dx.withUnsafeMutableBufferPointer {
      try gate.backward(
        x.asInput(2), into: &dMeans, dx: MutableBlockedClips($0.baseAddress!, shape, count: 2))
    }
    return parameters.logical(bias, of: parameters.gradients)
  }

  @Test(arguments: [GateForm.sparsemax, .normalized, .published])
  func dearCandidatesAreOpened(_ form: GateForm) throws {
    let up = try biasGradient(form, sign: -1, reopens: true)
    // Two clips, each with what the dearest costs beyond the mean.
    #expect(abs(up[0] + 2 * (1 - 1.75 / 3)) < 1e-5)
    #expect(up[1] < 0 && up[2] > 0, "open ones as ever")
    #expect(up[4] == 0, "a cheap one stays closed")
  }

  @Test(arguments: [GateForm.sparsemax, .normalized, .published])
  func noneIsOpenedOtherwise(_ form: GateForm) throws {
    for sign in [1, -1] as [Float] {
      let gradient = try biasGradient(form, sign: sign, reopens: false)
      #expect(gradient[0] == 0 && gradient[4] == 0 && sign * gradient[1] > 0)
    }
  }

  /// From λ on, through loss and network.
  @Test func aNegativeWeightOpensCandidates() throws {
    func gradients(costWeight: Float) throws -> [Float] {
      var configuration = NetworkConfiguration(classes: 2, frames: 4, size: 16)
      configuration.width = 0.125
      var dynamic = DynamicConfiguration()
      dynamic.gateForm = .sparsemax
      configuration.dynamic = dynamic
      let network = try VideoNetwork(configuration, batch: 2, seed: 1, threads: 1)
      let parameters = network.parameters
      let biases = parameters.entries.filter { $0.name.hasSuffix(".gate.fc2.bias") }
      for bias in biases {
        var closed = parameters.logical(bias, of: parameters.values)
        closed[0] = -3
        parameters.setLogical(bias, in: parameters.values, closed)
      }
      var stream = RandomStream(seed: 2, name: "clips")
      let clips = (0..<2 * 3 * 4 * 16 * 16).map { _ in Float(stream.normal()) }
      // Nobody pays for a wrong answer, but everybody is pressed upwards.
      _ = try network.trainingStep(clips, targets: .classes([0, 1]), costWeight: costWeight) {
        _ in
      }
      return biases.map { parameters.logical($0, of: parameters.gradients)[0] }
    }
    #expect(try gradients(costWeight: 1).allSatisfy { $0 == 0 })
    let up = try gradients(costWeight: -1)
    #expect(up.allSatisfy { $0 <= 0 } && up.contains { $0 < 0 })
  }
}
