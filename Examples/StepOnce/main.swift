// StepOnce: a dynamic network's training step and inference, without files and ranks.
//   .build/release/StepOnce
// Walked through in Sources/VARedNN/VARedNN.docc/RunningANetwork.md.

import VARedNN

var configuration = NetworkConfiguration(classes: 3, frames: 4, size: 32)
configuration.width = 0.25
configuration.dynamic = DynamicConfiguration()
let network = try VideoNetwork(configuration, batch: 2, seed: 1, threads: 1)

let clips = (0..<2 * 3 * 4 * 32 * 32).map { _ in Float.random(in: -1...1) }
let optimizer = SGD(network.parameters, gateRate: 0.3)
for _ in 0..<3 {
  let outcome = try network.trainingStep(
    clips, targets: .classes([0, 2]), costWeight: 0.8, gradientsReady: { _ in })
  optimizer.step(learningRate: 0.01, gradientScale: 1)
  print("loss \(outcome.loss), \(outcome.executedMACs) of \(network.fullMACs) MACs")
}

network.policies = .fixed(temporal: 1, channel: 1)
let half = try network.infer(clips)
print("conv ratio \(half.convRatio), logits \(half.logits)")
