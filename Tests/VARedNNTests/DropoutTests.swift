// Dropout in the classifier, against its definition and against central differences.

import Testing

@testable import VARedNN

@Suite struct DropoutTests {
  @Test func aClipLosesTheSameInAnyCompany() {
    func dropped(_ keys: [UInt64], layer: String = "fc") -> [[Float]] {
      var values = [Float](repeating: 1, count: keys.count * 4000)
      Dropout(probability: 0.25, keys: keys).apply(to: &values, count: 4000, layer: layer)
      return keys.indices.map { Array(values[$0 * 4000..<($0 + 1) * 4000]) }
    }
    let both = dropped([7, 8])
    #expect(both[1] == dropped([8])[0] && both[0] != both[1])
    #expect(both[0] != dropped([7], layer: "other")[0])
    for row in both {
      #expect(Set(row) == [0, Float(1 / 0.75)])
      #expect(abs(Double(row.count { $0 == 0 }) / 4000 - 0.25) < 0.03)
    }
  }

  /// With and without a hidden layer.
  @Test(arguments: [Architecture.r2plus1d18, .x3dM])
  func gradientsGoThroughWhatIsKept(_ architecture: Architecture) throws {
    var configuration = NetworkConfiguration(classes: 3, frames: 2, size: 32)
    (configuration.architecture, configuration.width) = (architecture, 0.125)
    let network = try VideoNetwork(configuration, batch: 2, seed: 1, threads: 1)
    let clips = normals(2 * 3 * 2 * 32 * 32, "clips")
    func loss() throws -> Double {
      try network.trainingStep(clips, targets: .classes([0, 2]), costWeight: 0) { _ in }.loss
    }
    let whole = try loss()
    network.dropout = Dropout(probability: 0.5, keys: [3, 4])
    #expect(try loss() != whole)
    let parameters = network.parameters
    // The classifier, and what is closest in front of it.
    for entry in parameters.entries.suffix(3) where entry.shape.count > 1 {
      let gradient = parameters.logical(entry, of: parameters.gradients)
      try withCopy(of: parameters.logical(entry, of: parameters.values)) { values in
        try checkGradient(entry.name, of: values, gradient: gradient) {
          parameters.setLogical(entry, in: parameters.values, Array(values))
        } loss: {
          try loss()
        }
      }
    }
    let inferred = try network.infer(clips).logits
    network.dropout = nil
    #expect(try network.infer(clips).logits == inferred)
  }
}
