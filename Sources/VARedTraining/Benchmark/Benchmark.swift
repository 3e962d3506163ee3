// `vared-train bench`: times training steps and inference of one network on random clips.

import Foundation
import VARedNN

/// One benchmark: a network, how it is driven, and how often.
public struct Benchmark {
  private let network: R2Plus1D
  private let batch: Int
  private let threads: Int
  private let iterations: Int
  private let clips: [Float]
  private let labels: [Int]

  /// - Parameters:
  ///   - settings: model, width, network, frames, size, batch, candidates and threads are read; 400
  ///     classes, as Kinetics has.
  ///   - iterations: timed steps of each kind; one more runs first.
  /// - Throws: `ConfigurationError` or `NetworkError` for what cannot be built.
  public init(_ settings: TrainingConfiguration, policy: PolicyMode, iterations: Int) throws {
    guard (1...10_000).contains(iterations) else {
      throw ConfigurationError(key: "iterations", "expected 1 to 10000, found \(iterations)")
    }
    guard policy == .gates || settings.network == .dynamic else {
      throw ConfigurationError(
        key: "policy",
        "expected a dynamic network, found a fixed one; leave it out or take "
          + "--network dynamic")
    }
    guard settings.initialise == nil else {
      throw ConfigurationError(
        key: "initialise", "expected none, a benchmark draws its weights; leave it out")
    }
    var checked = settings
    // A benchmark reads no clips and writes no run.
    (checked.data, checked.output) = ("none", "none")
    try checked.validate()
    let classes = 400
    batch = settings.batch
    threads = settings.threads > 0 ? settings.threads : CoreMask.current().cores.count
    self.iterations = iterations
    let configuration = settings.networkConfiguration(classes: classes)
    network = try R2Plus1D(configuration, batch: batch, seed: 1, threads: threads)
    network.policies = policy.source(keys: (0..<UInt64(batch)).map(Optional.some))
    try network.requireTrainable(clipsPerStatistic: batch)
    var random = SystemRandomNumberGenerator()
    let values = batch * 3 * settings.frames * settings.size * settings.size
    clips = (0..<values).map { _ in Float.random(in: -2...2, using: &random) }
    labels = (0..<batch).map { $0 % classes }
  }

  /// Runs both and reports.
  public func run() throws -> BenchmarkReport {
    let sgemm = SgemmRate.measure(threads: threads)
    network.startCounting()
    let optimizer = SGD(network.parameters, gateRate: 1)
    var optimizerSeconds: [Double] = []
    let train = try time {
      _ = try network.trainingStep(clips: clips, labels: labels, costWeight: 0.8) { _ in }
      // A learning rate of zero: every step then has the same work, whatever the clips.
      let start = ContinuousClock.now
      optimizer.step(learningRate: 0, gradientScale: 1)
      optimizerSeconds.append(start.secondsToNow)
    }
    let layers = network.profile.layers
    let trainMACs = network.issuedMACs
    let inference = try time { _ = try network.infer(clips: clips, count: batch) }
    let perClip = Double(batch * (iterations + 1))
    return BenchmarkReport(
      threads: threads, sgemmGFLOPS: sgemm,
      train: BenchmarkReport.Phase(
        train, batch: batch, optimizer: optimizerSeconds.dropFirst().reduce(0, +),
        forwardMACs: Double(trainMACs) / perClip),
      inference: BenchmarkReport.Phase(
        inference, batch: batch, optimizer: nil,
        forwardMACs: Double(network.issuedMACs - trainMACs) / perClip),
      layers: layers.map { BenchmarkReport.Layer($0, sgemmGFLOPS: sgemm) })
  }

  /// Seconds of every step, and where they went.
  struct Timing {
    let steps: [Double]
    let kinds: [WorkKind: Double]
  }

  private func time(_ step: () throws -> Void) rethrows -> Timing {
    try step()
    network.startProfile()
    let steps = try (0..<iterations).map { _ in
      let start = ContinuousClock.now
      try step()
      return start.secondsToNow
    }
    return Timing(steps: steps, kinds: network.profile.seconds)
  }
}

extension ContinuousClock.Instant {
  fileprivate var secondsToNow: Double { (ContinuousClock.now - self) / .seconds(1) }
}
