// Ten training steps against PyTorch: forward, loss, backward and optimizer together.

import GoldenFiles
import TestSupport
import Testing

@testable import VARedNN

@Suite struct GoldenTrajectoryTests {
  @Test func tenSteps() throws {
    let golden = try GoldenFile("trajectory.h5")
    let (clips, labels) = (try golden.floats("/clips"), try golden.integers("/labels"))
    let shape = try golden.shape("/batches")
    let batches = try golden.integers("/batches")
    let rates = try golden.floats("/learning_rates")
    func scalar(_ name: String) throws -> Float { try golden.floats("/\(name)")[0] }
    let network = try golden.network(batch: shape[1])
    let optimizer = SGD(
      network.parameters, momentum: try scalar("momentum"), weightDecay: try scalar("weight_decay"),
      gateRate: try scalar("gate_rate"))
    let clipFloats = clips.count / labels.count
    var outcomes: [StepOutcome] = []
    for (step, rate) in rates.enumerated() {
      let batch = batches[step * shape[1]..<(step + 1) * shape[1]]
      outcomes.append(
        try network.trainingStep(
          batch.flatMap { clips[$0 * clipFloats..<($0 + 1) * clipFloats] },
          targets: .classes(batch.map { labels[$0] }), costWeight: try scalar("cost_weight")
        ) { _ in })
      optimizer.step(learningRate: rate, gradientScale: 1)
    }
    func series(_ value: (StepOutcome) -> Double) -> [Float] { outcomes.map { Float(value($0)) } }
    expectClose(series(\.loss), try golden.floats("/losses"), rtol: 1e-4, "losses")
    expectClose(series(\.cost), try golden.floats("/costs"), rtol: 1e-4, "costs")
    expectClose(series(\.convRatio), try golden.floats("/conv_ratios"), rtol: 1e-4, "ratios")
    #expect(outcomes.map(\.correct) == (try golden.integers("/correct")))
    try expectFinal(network.parameters, golden)
  }

  /// How far a value moved in ten steps is right within 1 %: gates move little, so a comparison of
  /// the values themselves would not see their learning rate.
  private func expectFinal(_ parameters: Parameters, _ golden: GoldenFile) throws {
    let names = try golden.names(in: "/final")
    #expect(names.count >= 8)
    for name in names {
      let (start, end) = (try golden.floats("/model/\(name)"), try golden.floats("/final/\(name)"))
      let moved = zip(start, end).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
      let largest = end.reduce(Float(0)) { max($0, abs($1)) }
      let found =
        try parameters.entries.first { $0.name == name }.map {
          parameters.logical($0, of: parameters.values)
        }
        ?? parameters.bufferLogical(
          try #require(parameters.buffers.first { $0.name == name }, "\(name)"))
      expectClose(found, end, rtol: 0, atol: 0.01 * moved + 1e-6 * largest, name)
    }
  }
}
