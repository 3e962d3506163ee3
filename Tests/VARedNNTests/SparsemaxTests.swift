// Sparsemax as it is defined, and the gate whose temperature is part of the network.

import TestSupport
import Testing

@testable import VARedNN

@Suite struct SparsemaxTests {
  private func sparsemax(_ z: [Float]) -> [Float] {
    var v = [Float](repeating: .nan, count: z.count)
    z.withUnsafeBufferPointer { Sparsemax.project($0, into: &v, at: 0) }
    return v
  }

  @Test(
    arguments: [
      ([0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]), ([7], [1]), ([3, 1, 0], [1, 0, 0]),
      ([0, 1, 2], [0, 0, 1]), ([1, 0.5, -1], [0.75, 0.25, 0]), ([0.2, 0.1, 0.3, -0.4], nil),
      // Beside numbers this large 1 is nothing.
      ([3e8, 3e8, -3e8], [0.5, 0.5, 0]), ([-1e30, 0, 1e30], [0, 0, 1]),
    ] as [([Float], [Float]?)])
  func isTheProjection(_ z: [Float], _ expected: [Float]?) {
    let v = sparsemax(z)
    if let expected { expectClose(v, expected, "\(z)") }
    #expect(v.allSatisfy { $0 >= 0 } && abs(v.reduce(0, +) - 1) < 1e-6)
    // The conditions of the nearest point: one threshold for all that are open, and none closed
    // above it.
    let thresholds = zip(z, v).filter { $1 > 0 }.map { $0 - $1 }
    guard let largest = thresholds.max(), let least = thresholds.min(), largest < 1e6 else {
      return
    }
    #expect(largest - least < 1e-6)
    for (value, weight) in zip(z, v) where weight == 0 { #expect(value <= largest + 1e-6) }
  }

  /// A weight that is alone has to be 1 to the bit: only then is a plane taken as it is.
  @Test func aloneIsOneExactly() {
    for shift in stride(from: Float(-3), to: 3, by: 0.0371) {
      #expect(sparsemax([shift, shift - 1.01]) == [1, 0])
    }
  }

  @Test func whatIsNoNumberEnds() {
    #expect(sparsemax([.nan, 0, 1]).count == 3)
    #expect(sparsemax([.infinity, 0]).count == 2)
    #expect(sparsemax([.nan, .nan]).count == 2)
  }

  @Test func theTemperatureIsTheNetworks() throws {
    func network(_ form: GateForm) throws -> VideoNetwork {
      var configuration = NetworkConfiguration(classes: 2, frames: 4, size: 16)
      configuration.width = 0.0625
      var dynamic = DynamicConfiguration()
      dynamic.gateForm = form
      configuration.dynamic = dynamic
      return try VideoNetwork(configuration, batch: 1, seed: 1, threads: 1)
    }
    let sparse = try network(.sparsemax)
    #expect(sparse.gateTemperature == 1)
    sparse.gateTemperature = 0.25
    let stored = sparse.parameters.buffers.filter { $0.name.hasSuffix(".gate.temperature") }
    #expect(stored.count == sparse.dynamicLayers.count)
    #expect(stored.allSatisfy { sparse.parameters.bufferLogical($0) == [0.25] })
    let normalized = try network(.normalized)
    normalized.gateTemperature = 0.25
    #expect(normalized.gateTemperature == 1)
    #expect(!normalized.parameters.buffers.contains { $0.name.hasSuffix("temperature") })
  }

  /// The lower the temperature, the fewer are open.
  @Test func coldGatesCloseCandidates() throws {
    let z: [Float] = [0.5, 0.3, 0.1, -0.1]
    let open = [2, 1, 0.5, 0.25, 0.1].map { temperature in
      sparsemax(z.map { $0 / temperature }).filter { $0 > 0 }.count
    }
    #expect(open == open.sorted(by: >) && open.first == 4 && open.last == 1)
  }
}
